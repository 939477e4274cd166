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
  const before = way.asked.length
  await expect.poll(() => way.asked.slice(before).some((line) => line.includes('/v1/')), { timeout: 60_000 }).toBe(true)
  await expect(page.getByText(/No network|Connecting/).first()).toBeVisible()
  await expect(page.getByText('2 unsent')).toBeVisible()

  way.clear()
  await phone.online()
  await phone.allSent()
  await expect.poll(() => floor.told(floor.items[0])).toEqual(DONE)
})

test('behind a captive portal a sign-in says that there is no network, not that the password is wrong', async ({ floor, phones, way }) => {
  const phone = await phones.untouched()
  await phone.enrol(floor)
  way.stand((asked) => (API(asked) ? 'portal' : null))
  await phone.page.getByRole('textbox', { name: 'Email' }).fill('ana@mill.example')
  await phone.page.getByLabel('Password', { exact: true }).fill('another long, quiet sentence')
  await phone.page.getByRole('button', { name: 'Sign in' }).click()
  await expect(phone.page.getByRole('alert')).toContainText('This needs the network. Try again when you have it.')
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
  const from = refused()
  await expect.poll(refused, { timeout: 90_000 }).toBeGreaterThan(from + 3)
  await expect(page.getByText('6 unsent')).toBeVisible()
  way.clear()
  await phone.offline()
  await phone.online()
  await phone.allSent()
  for (const item of floor.items.slice(0, 3)) await expect.poll(() => floor.told(item)).toEqual(DONE)
})
