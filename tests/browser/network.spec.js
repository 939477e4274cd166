import { Agent, request } from 'node:http'

import { enrolment } from './floor.js'
import { WORKER } from './server.js'
import { expect, test } from './stage.js'

const API = (asked) => asked.url.startsWith('/v1/')

async function worksOn(phone, item, code) {
  await phone.wedge(`item:${item.id}`)
  await expect(phone.page.getByText('Counts for: Scan the cap')).toBeVisible()
  await phone.openItem(code)
  await phone.measure('10.1')
}

const DONE = ['item.created', 'item.started', 'action.completed', 'action.completed']

test('a captive portal that answers everything with a page is no network: work stays, and goes up when it is gone', async ({ floor, phone, way }) => {
  const { page } = phone
  way.stand((asked) => (API(asked) ? 'portal' : null))
  await phone.offline()
  await phone.online()
  await worksOn(phone, floor.items[0], 'CAP-0001')
  await expect(page.getByText('2 unsent')).toBeVisible()
  // Both the network's going and its coming let the phone forget how long it was about to wait.
  await phone.offline()
  const before = way.asked.length
  await phone.online()
  await expect.poll(() => way.asked.slice(before).some((line) => line.includes('/v1/')), { timeout: 60_000 }).toBe(true)
  await expect(page.getByText('Wi-Fi asks for sign-in')).toBeVisible()
  await expect(page.getByText('2 unsent')).toBeVisible()

  way.clear()
  await phone.offline()
  await phone.online()
  await phone.allSent()
  await expect.poll(() => floor.told(floor.items[0])).toEqual(DONE)
})

test('behind a captive portal each door says that there is no network, not that what was entered is wrong', async ({ floor, phones, way }) => {
  const phone = await phones.untouched()
  const { page } = phone
  const noNetwork = page.getByText('This needs the network. Try again when you have it.')
  const inThePortal = async (press) => {
    way.stand((asked) => (API(asked) ? 'portal' : null))
    await press.click()
    await expect(noNetwork).toBeVisible()
    way.clear()
  }

  const { code, approve } = await enrolment(floor)
  await page.getByLabel('Code from the screen').fill(code)
  await inThePortal(page.getByRole('button', { name: 'Add this phone' }))
  await page.getByRole('button', { name: 'Add this phone' }).click()
  const digits = page.locator('.digits')
  await expect(digits).toContainText(/\d{3}\s*\d{3}/)
  await inThePortal(page.getByRole('button', { name: 'They approved it' }))
  await approve((await digits.innerText()).replace(/\D/g, ''))
  await phone.approved()

  await page.getByRole('textbox', { name: 'Email' }).fill(WORKER.email)
  await page.getByLabel('Password', { exact: true }).fill(WORKER.password)
  await inThePortal(page.getByRole('button', { name: 'Sign in' }))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByText('Live')).toBeVisible()
})

test('a photo whose pieces a captive portal swallows is not taken for sent', async ({ floor, phone, way }) => {
  const [item] = floor.items
  await worksOn(phone, item, 'CAP-0001')
  await phone.next('Send on to Checking')
  await phone.allSent()
  way.stand((asked) => (asked.method === 'PATCH' ? 'portal' : null))
  await phone.openAction('Front')
  await phone.page.getByRole('button', { name: 'Take photo' }).click()
  await phone.save()
  await expect.poll(() => way.asked.filter((line) => line.startsWith('PATCH')).length).toBeGreaterThan(0)
  await expect(phone.page.getByText('1 photo waiting')).toBeVisible()
  way.clear()
  await phone.offline()
  await phone.online()
  await phone.allSent()
  const { data } = await floor.admin.get(`/v1/photos?item_id=${item.id}`)
  const token = await floor.admin.token()
  const content = await fetch(`${floor.server.own}/v1/photos/${data[0].id}/content`, { headers: { Authorization: `Bearer ${token}` } })
  expect(content.status).toBe(200)
})

test('a photo that the server does not take says so among what is unsent, and is tried again when the app starts', async ({ floor, phone, way }) => {
  const { page } = phone
  const [item] = floor.items
  await phone.goToPhoto(item)
  way.stand((asked) => (asked.url === '/v1/uploads' ? 'refused' : null))
  await page.getByRole('button', { name: 'Take photo' }).click()
  await phone.save()
  await expect(page.getByText('1 photo waiting')).toBeVisible()
  await phone.go('Unsent')
  await expect(page.getByText('The server does not take this photo: The bytes are no picture. It stays on this phone')).toBeVisible()
  await expect(page.getByText('Everything is sent and confirmed.')).toHaveCount(0)

  way.clear()
  await page.reload()
  await phone.allSent()
  await expect(page.getByText('Everything is sent and confirmed.')).toBeVisible()
  const { data } = await floor.admin.get(`/v1/photos?item_id=${item.id}`)
  expect(data).toHaveLength(1)
})

test('quiet hours are asked for once a connection, not whenever something happens', async ({ phone, way }) => {
  const { page } = phone
  const asked = () => way.asked.filter((line) => line === 'GET /v1/me/quiet_hours').length
  await phone.go('More')
  await page.getByRole('link', { name: 'Notices' }).click()
  await expect(page.getByRole('switch', { name: 'Quiet hours' })).toBeEnabled()
  // The core tells its state anew whenever the page is looked at again.
  await page.evaluate(async () => {
    for (let frame = 0; frame < 60; frame++) {
      if (frame % 20 === 0) document.dispatchEvent(new Event('visibilitychange'))
      await new Promise(requestAnimationFrame)
    }
  })
  await phone.offline()
  await phone.online()
  await expect.poll(asked, { timeout: 40_000 }).toBe(2)
})

test('where WebSockets are blocked the work goes up over plain requests, and what others do comes down', async ({ floor, phones, way }) => {
  way.sockets = false
  const phone = await phones.untouched()
  await phone.enrol(floor)
  await phone.signIn()
  await worksOn(phone, floor.items[0], 'CAP-0001')
  await phone.allSent()
  expect(way.asked.filter((line) => line.startsWith('POST /v1/sync/submit')).length).toBeGreaterThan(0)
  await expect.poll(() => floor.told(floor.items[0])).toEqual(DONE)

  await floor.admin.post(`/v1/items/${floor.items[1].id}/hold`, { reason: 'wrong thread' })
  await phone.openItem('CAP-0002')
  await expect(phone.page.getByText('On hold').first()).toBeVisible()
})

test('a server that answers 503 for a long time gets everything once it answers again', async ({ floor, phone, way }) => {
  const { page } = phone
  way.stand((asked) => (API(asked) ? 'busy' : null))
  await phone.offline()
  await phone.online()
  for (const [place, code] of ['CAP-0001', 'CAP-0002', 'CAP-0003'].entries()) await worksOn(phone, floor.items[place], code)
  const refused = () => way.asked.filter((line) => line === 'POST /v1/sync/ticket').length
  // From the first pause on: by now the phone would wait for up to a minute.
  await phone.offline()
  const from = refused()
  await phone.online()
  await expect.poll(refused, { timeout: 90_000 }).toBeGreaterThan(from + 3)
  await expect(page.getByText('Server is busy')).toBeVisible()
  await expect(page.getByText('6 unsent')).toBeVisible()
  way.clear()
  await phone.offline()
  await phone.online()
  await phone.allSent()
  for (const item of floor.items.slice(0, 3)) await expect.poll(() => floor.told(item)).toEqual(DONE)
})

test('an app that is the same as before is answered by a head alone, and the connection stays good', async ({ server }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = (headers) =>
    new Promise((answered, failed) => {
      const asked = request({ agent, host: '127.0.0.1', port: server.port, path: '/app/', headers }, (answer) => {
        answer.resume()
        answer.on('end', () => answered(answer))
      })
      asked.on('error', failed)
      asked.end()
    })
  const { etag } = (await ask({})).headers
  const again = [await ask({ 'If-None-Match': etag }), await ask({ 'If-None-Match': etag })]
  expect(again.map(({ statusCode }) => statusCode)).toEqual([304, 304])
  agent.destroy()
})
