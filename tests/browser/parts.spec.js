/** Items that are put together from parts: from one part to the next with a finger, and the whole when all are ready. */

import { expect, test } from './stage.js'

const JOIN = [{ key: 'join', name: 'Joining', order: 1, assembly: true, actions: [], next: [] }]
const CUT = [{ key: 'cut', name: 'Cutting', order: 1, actions: [], next: [] }]

/** An accepted order of one cap with a visor and a strap: the cap, and its two parts. */
async function capOfParts(floor) {
  const made = async (name, stages) => {
    const { id } = await floor.admin.post('/v1/workflows', { name, entry: stages[0].key, stages })
    await floor.admin.post(`/v1/workflows/${id}/versions`, {})
    return id
  }
  const [whole, part] = [await made('Whole cap', JOIN), await made('Part of a cap', CUT)]
  const order = await floor.admin.post('/v1/orders', {
    po_number: 'PO-WHOLE-1', currency: 'EUR', requested_delivery_date: '2099-01-31', total_value: '12.50',
    lines: [
      {
        code: 'WHOLE', name: 'Whole cap', quantity: 1, unit_price: '12.50',
        components: [{ code: 'VISOR', name: 'Visor', quantity: 1 }, { code: 'STRAP', name: 'Strap', quantity: 1 }],
      },
    ],
  })
  await floor.admin.post(`/v1/orders/${order.id}/accept`, { workflow_id: whole, site_id: floor.site.id, component_workflows: { VISOR: part, STRAP: part } })
  const items = (await floor.admin.get(`/v1/orders/${order.id}/items?limit=200`)).data
  return [items.find((item) => !item.parent_id), ...items.filter((item) => item.parent_id)]
}

/** A finger goes over the screen from one place to another. */
async function swipe(phone, from, to) {
  const session = await phone.keyboard()
  const touch = (type, touchPoints) => session.send('Input.dispatchTouchEvent', { type, touchPoints })
  await touch('touchStart', [from])
  for (const part of [0.25, 0.5, 0.75, 1]) await touch('touchMove', [{ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }])
  await touch('touchEnd', [])
}

const LEFT = { x: 60, y: 320 }
const RIGHT = { x: 300, y: 330 }

test('a swipe goes from part to part, a swipe down or past the last part goes nowhere, and Back leads to the whole', async ({ floor, phones }) => {
  const [whole] = await capOfParts(floor)
  const phone = await phones.atWork()
  const { page } = phone
  const heading = (code) => page.getByRole('heading', { name: code, level: 1 })
  await phone.openItem(whole.code)
  await expect(page.getByRole('heading', { name: 'Parts · 0 of 2 ready' })).toBeVisible()
  const links = page.getByRole('main').getByRole('link').filter({ hasText: 'not ready' })
  await expect(links).toHaveCount(2)
  const codes = (await links.allInnerTexts()).map((text) => text.trim().split(/\s/)[0])
  await links.first().click()
  await expect(heading(codes[0])).toBeVisible()
  await expect(page.getByText('Part 1 of 2 · swipe')).toBeVisible()

  await swipe(phone, RIGHT, LEFT)
  await expect(heading(codes[1])).toBeVisible()
  await expect(page.getByText('Part 2 of 2 · swipe')).toBeVisible()
  await swipe(phone, RIGHT, LEFT)
  await swipe(phone, { x: 180, y: 500 }, { x: 180, y: 150 })
  await expect(heading(codes[1])).toBeVisible()
  await swipe(phone, LEFT, RIGHT)
  await expect(heading(codes[0])).toBeVisible()
  await page.getByRole('button', { name: 'Next part' }).click()
  await expect(heading(codes[1])).toBeVisible()
  await page.goBack()
  await expect(heading(whole.code)).toBeVisible()
})

test('where people read from the right, a swipe goes the other way', async ({ floor, phones }) => {
  const [whole] = await capOfParts(floor)
  const phone = await phones.atWork()
  const { page } = phone
  await page.evaluate(() => (document.documentElement.dir = 'rtl'))
  await phone.openItem(whole.code)
  await page.getByRole('main').getByRole('link').filter({ hasText: 'not ready' }).first().click()
  await expect(page.getByText('Part 1 of 2 · swipe')).toBeVisible()
  await swipe(phone, LEFT, RIGHT)
  await expect(page.getByText('Part 2 of 2 · swipe')).toBeVisible()
})

test('the whole says which parts are ready, takes in those that are, and is finished when all of them are in it', async ({ floor, phones }) => {
  const [whole, ...parts] = await capOfParts(floor)
  const phone = await phones.atWork()
  const { page } = phone
  const ready = async (count) => {
    await phone.openItem(whole.code)
    await expect(page.getByRole('heading', { name: `Parts · ${count} of 2 ready` })).toBeVisible()
  }
  await ready(0)
  await expect(page.getByText('Parts are missing.')).toBeVisible()
  await expect(page.getByText('Finish and build in the parts first.')).toBeVisible()
  for (const [at, part] of parts.entries()) {
    await page.getByRole('main').getByRole('link').filter({ hasText: part.code }).click()
    await expect(page.getByRole('heading', { name: part.code, level: 1 })).toBeVisible()
    await phone.next('Finish this item')
    await expect(page.getByText('Finished').first()).toBeVisible()
    await ready(at + 1)
  }
  await page.getByRole('button', { name: 'Build in 2 parts' }).click()
  await expect(page.getByRole('main').getByRole('link').filter({ hasText: 'built in' })).toHaveCount(2)
  await phone.next('Finish this item')
  await phone.allSent()
  await expect.poll(() => floor.told(whole)).toEqual(['item.created', 'item.assembled', 'item.started', 'item.completed'])
  const { progress } = await floor.admin.get(`/v1/items/${whole.id}`)
  expect([...progress.assembled].sort()).toEqual(parts.map(({ id }) => id).sort())
})
