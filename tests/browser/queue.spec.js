import { colleague } from './floor.js'
import { expect, test } from './stage.js'

/** Its second stage is done at one station. */
const stagesAt = (station) => [
  { key: 'cut', name: 'Cutting', order: 1, actions: [], next: [{ to: 'sew' }] },
  { key: 'sew', name: 'Sewing', order: 2, location_ids: [station], actions: [], next: [] },
]

async function makeQueue(floor, about) {
  return floor.admin.post('/v1/queues', { site_id: floor.site.id, ...about })
}

async function openQueue(phone, name) {
  await phone.go('Queue')
  await phone.page.getByRole('link', { name }).click()
}

async function assignee(floor, item) {
  return (await floor.admin.get(`/v1/items/${item.id}`)).assigned_to ?? null
}

const listed = (page) => page.getByRole('main').getByRole('link', { name: /^CAP-/ })

test('a queue shows who waits, “Take it” takes it, and the others see by whom', async ({ floor, phones }) => {
  await makeQueue(floor, { name: 'To cut', stage: 'cut' })
  const [phone, other] = [await phones.atWork(), await phones.atWork({ person: await colleague(floor) })]
  const { page } = phone
  await openQueue(phone, 'To cut · 5')
  await openQueue(other, 'To cut · 5')
  await expect(listed(page)).toHaveCount(5)
  await page.getByRole('button', { name: 'Take it: CAP-0003' }).click()
  await expect(page.getByRole('button', { name: 'Take it: CAP-0003' })).toHaveCount(0)
  await phone.allSent()
  await expect.poll(() => assignee(floor, floor.items[2])).toBe(floor.worker.id)
  await expect(other.page.getByText('Taken by Ana Silva')).toBeVisible({ timeout: 40_000 })
  await expect(other.page.getByRole('button', { name: 'Take it: CAP-0003' })).toHaveCount(0)

  await page.getByRole('link', { name: 'My work' }).click()
  await expect(listed(page)).toHaveCount(1)
  await expect(listed(page)).toContainText('CAP-0003')
})

test('what a supervisor says in a queue goes before what an item is by itself, and what is given there is in the worker’s own list', async ({ floor, phones }) => {
  const { id } = await makeQueue(floor, { name: 'To cut', stage: 'cut' })
  const phone = await phones.atWork()
  const { page } = phone
  await openQueue(phone, 'To cut · 5')
  await expect(listed(page).first()).toContainText('CAP-0001')
  await floor.admin.patch(`/v1/queues/${id}/entries/${floor.items[3].id}`, { priority: 'urgent', assigned_to: floor.worker.id })
  await expect(listed(page).first()).toContainText('CAP-0004')
  await page.getByRole('link', { name: 'My work' }).click()
  await expect(listed(page)).toHaveText([/CAP-0004/])
})

test('of two who take the same one without a network one is first, and the other reads who was faster', async ({ floor, phones }) => {
  await makeQueue(floor, { name: 'To cut', stage: 'cut' })
  const [phone, other] = [await phones.atWork(), await phones.atWork({ person: await colleague(floor) })]
  for (const one of [phone, other]) {
    await one.offline()
    await openQueue(one, 'To cut · 5')
    await one.page.getByRole('button', { name: 'Take it: CAP-0001' }).click()
    await expect(one.page.getByText('1 unsent')).toBeVisible()
  }
  await phone.online()
  await phone.allSent()
  await other.online()
  await expect(other.page.getByText('1 needs you')).toBeVisible({ timeout: 40_000 })
  await other.go('Unsent')
  await expect(other.page.getByText('Ana Silva took this one first.')).toBeVisible()
  await expect(other.page.getByText('Take another from the queue.')).toBeVisible()
  expect(await assignee(floor, floor.items[0])).toBe(floor.worker.id)
})

test('an item is taken from its own page, and given to someone by who may', async ({ floor, phones }) => {
  const [one, two] = floor.items
  const kim = await colleague(floor)
  const lead = await phones.atWork({ person: await colleague(floor, { name: 'Lena Roth', email: 'lena@mill.example', role: 'supervisor' }) })
  const { page } = lead
  await lead.openItem('CAP-0001')
  await page.getByRole('button', { name: 'Other things' }).click()
  await page.getByRole('button', { name: 'Give it to someone' }).click()
  await page.getByRole('dialog', { name: 'Give it to someone' }).getByRole('button', { name: 'Kim Tran' }).click()
  await lead.allSent()
  await expect.poll(() => assignee(floor, one)).toBe(kim.id)
  await expect(page.getByRole('definition').filter({ hasText: 'Kim Tran' })).toBeVisible()

  const phone = await phones.atWork()
  await phone.openItem('CAP-0002')
  await phone.page.getByRole('button', { name: 'Other things' }).click()
  await expect(phone.page.getByRole('button', { name: 'Give it to someone' })).toHaveCount(0)
  await phone.page.getByRole('button', { name: 'Take it myself' }).click()
  await phone.allSent()
  await expect.poll(() => assignee(floor, two)).toBe(floor.worker.id)
})

test('a station’s scanned label leaves the work of that station alone: what is there, and what its stage names it for', async ({ floor, phones }) => {
  const [, , third] = floor.items
  await floor.admin.post(`/v1/items/${third.id}/move`, { location_id: floor.station.id })
  const sewing = await floor.admin.post('/v1/workflows', { name: 'Hat', entry: 'cut', stages: stagesAt(floor.station.id) })
  await floor.admin.post(`/v1/workflows/${sewing.id}/versions`, {})
  const order = await floor.admin.post('/v1/orders', {
    po_number: 'PO-HATS-1', currency: 'EUR', requested_delivery_date: '2099-01-31', total_value: '25.00',
    lines: [{ code: 'HAT', name: 'Hat', quantity: 2, unit_price: '12.50' }],
  })
  await floor.admin.post(`/v1/orders/${order.id}/accept`, { workflow_id: sewing.id, site_id: floor.site.id })
  const hats = (await floor.admin.get(`/v1/orders/${order.id}/items?limit=200`)).data
  await floor.admin.post(`/v1/items/${hats[1].id}/advance`, { to: 'sew' })
  const label = await floor.admin.post(`/v1/locations/${floor.station.id}/label`, {})

  const phone = await phones.atWork()
  const { page } = phone
  const rows = page.getByRole('main').getByRole('link', { name: /^(CAP|HAT)-/ })
  for (const code of [label.code, `location:${floor.station.id}`]) {
    await phone.go('Queue')
    await page.getByRole('link', { name: 'My work' }).click()
    await expect(page.getByText('No work waiting here.')).toBeVisible()
    await phone.wedge(code)
    await expect(page.getByText('Only this place: Cutting 1')).toBeVisible()
    await expect(rows).toHaveCount(2)
    await expect(rows.filter({ hasText: 'CAP-0003' })).toHaveCount(1)
    await expect(rows.filter({ hasText: hats[1].code })).toHaveCount(1)
    await page.getByRole('link', { name: 'All places' }).click()
    await expect(page.getByText('Only this place: Cutting 1')).toHaveCount(0)
  }
})
