import { expect, test } from '@playwright/test'

import { enrolment, makeFloor } from './floor.js'
import { Phone } from './phone.js'
import { sightOf } from './sight.js'
import { Server } from './server.js'

let server
let floor

test.beforeEach(async () => {
  server = await Server.start()
  floor = await makeFloor(server)
})

test.afterEach(async () => {
  await server.stop()
})

/** What the server's log tells of an item, oldest first. */
async function told(item) {
  const { data } = await floor.admin.get(`/v1/items/${item.id}/events?limit=100`)
  return data.map((event) => event.kind)
}

test('a phone is added by six digits, a worker signs in and finds the floor', async () => {
  const phone = await Phone.atWork(floor)
  await phone.go('Items')
  await expect(phone.page.getByText('5 items')).toBeVisible()
  await expect(phone.page.getByText('CAP-0005')).toBeVisible()
  await phone.openItem('CAP-0005')
  await expect(phone.page.getByRole('definition').filter({ hasText: 'PO-CAPS-1' })).toBeVisible()
  expect(phone.errors).toEqual([])
  await phone.close()
})

test('the code of a screen, read by the phone’s own camera app, adds the phone', async () => {
  const phone = await Phone.open(server)
  const { url, approve } = await enrolment(floor)
  await phone.page.goto(url)
  const digits = phone.page.locator('.digits')
  await expect(digits).toContainText(/\d{3}\s*\d{3}/)
  await approve((await digits.innerText()).replace(/\D/g, ''))
  await phone.approved()
  await phone.signIn()
  expect(phone.errors).toEqual([])
  await phone.close()
})

test('what was done last is taken back by its name', async () => {
  const [item] = floor.items
  const phone = await Phone.atWork(floor)
  await phone.openItem('CAP-0001')
  await phone.measure('10.1')
  await phone.allSent()
  await phone.page.getByRole('button', { name: 'Take back: Done: Length' }).click()
  await phone.allSent()
  await expect.poll(() => told(item)).toEqual(['item.created', 'item.started', 'action.completed', 'item.undone'])
  expect(phone.errors).toEqual([])
  await phone.close()
})

test('a note that is added after a step is not offered to be taken back, and the step still is', async () => {
  const phone = await Phone.atWork(floor)
  const { page } = phone
  await phone.openItem('CAP-0001')
  await phone.measure('10.1')
  const offered = page.getByRole('button', { name: 'Take back', exact: true })
  await expect(offered).toBeVisible()
  await page.getByRole('button', { name: 'Other things' }).click()
  await page.getByRole('button', { name: 'Add a note' }).click()
  await page.getByRole('textbox').fill('a loose thread')
  await phone.save()
  await expect(page.getByText('Saved on this phone').last()).toBeVisible()
  await expect(offered).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'Take back: Done: Length' })).toBeVisible()
  expect(phone.errors).toEqual([])
  await phone.close()
})

test('every kind of action is done on one item, and the server has each once', async () => {
  const [item] = floor.items
  const phone = await Phone.atWork(floor)
  const { page } = phone

  await phone.wedge(`item:${item.id}`)
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await phone.openItem('CAP-0001')
  await phone.measure('10.1')
  await phone.next('Send on to Checking')

  await phone.openAction('Front')
  await page.getByRole('button', { name: 'Take photo' }).click()
  await phone.save()
  await phone.openAction('Stitching')
  for (const point of ['seam', 'thread']) await page.getByRole('group', { name: point }).getByRole('radio', { name: 'OK', exact: true }).check({ force: true })
  await phone.save()
  await phone.openAction('Data sheet')
  await page.getByRole('combobox', { name: 'Size' }).selectOption('M')
  await phone.save()
  await phone.openAction('Remark')
  await page.getByRole('textbox', { name: 'Note' }).fill('a clean seam')
  await phone.save()
  await phone.openAction('Signature')
  await phone.draw()
  await phone.save()
  await phone.next('Finish this item')

  await phone.allSent()
  await expect.poll(() => told(item)).toEqual([
    'item.created', 'item.started', 'action.completed', 'action.completed', 'item.advanced', 'action.completed', 'action.completed', 'action.completed', 'action.completed',
    'action.completed', 'item.completed',
  ])
  await expect.poll(async () => (await floor.admin.get(`/v1/photos?item_id=${item.id}`)).data.length).toBe(2)
  expect(phone.errors).toEqual([])
  await phone.close()
})

test('work done without a network outlives a killed browser, and the server has each act once', async () => {
  const [one, two] = floor.items
  const phone = await Phone.atWork(floor)
  await phone.go('Items')
  await expect(phone.page.getByText('5 items')).toBeVisible()
  await phone.installed()

  await phone.offline()
  for (const [item, code] of [[one, 'CAP-0001'], [two, 'CAP-0002']]) {
    await phone.wedge(`item:${item.id}`)
    await expect(phone.page.getByText('Counts for: Scan the cap')).toBeVisible()
    await phone.openItem(code)
    await phone.measure('10.2')
    await phone.next('Send on to Checking')
    await expect(phone.page.getByText('Checking').first()).toBeVisible()
  }
  await expect(phone.page.getByText('6 unsent')).toBeVisible()
  await phone.kill()

  await phone.start({ network: false })
  await expect(phone.page.getByText('6 unsent')).toBeVisible()
  await phone.openItem('CAP-0001')
  await phone.openAction('Remark')
  await phone.page.getByRole('textbox', { name: 'Note' }).fill('done in the dark')
  await phone.save()
  await expect(phone.page.getByText('7 unsent')).toBeVisible()
  expect(await told(one)).toEqual(['item.created'])

  await phone.online()
  await phone.allSent()
  expect(await told(one)).toEqual(['item.created', 'item.started', 'action.completed', 'action.completed', 'item.advanced', 'action.completed'])
  expect(await told(two)).toEqual(['item.created', 'item.started', 'action.completed', 'action.completed', 'item.advanced'])
  expect(phone.errors).toEqual([])
  await phone.close()
})

test('the camera reads a printed label, and the scan counts', async () => {
  const [item] = floor.items
  const phone = await Phone.atWork(floor, { camera: await sightOf(floor, item) })
  await phone.page.getByRole('button', { name: 'Start the camera' }).click()
  await expect(phone.page.getByText('Counts for: Scan the cap')).toBeVisible()
  await phone.allSent()
  await expect.poll(() => told(item)).toEqual(['item.created', 'item.started', 'action.completed'])
  expect(phone.errors).toEqual([])
  await phone.close()
})

test('of two phones that do the same step one is first, and the other is told calmly', async () => {
  const [item] = floor.items
  const [one, two] = [await Phone.atWork(floor), await Phone.atWork(floor)]
  await one.offline()
  await two.offline()
  for (const phone of [one, two]) {
    await phone.wedge(`item:${item.id}`)
    await phone.openItem('CAP-0001')
    await phone.measure('10.1')
    await phone.next('Send on to Checking')
    await expect(phone.page.getByText('3 unsent')).toBeVisible()
  }
  await one.online()
  await one.allSent()
  await two.online()
  await expect(two.page.getByText(/\d+ unsent/)).toHaveCount(0, { timeout: 40_000 })
  await expect.poll(() => told(item)).toEqual(['item.created', 'item.started', 'action.completed', 'action.completed', 'item.advanced'])
  expect([...one.errors, ...two.errors]).toEqual([])
  await one.close()
  await two.close()
})
