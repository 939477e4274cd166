/** A label is given to an item: a fresh one, one that is in use, and what is none. */

import { expect, test } from './stage.js'

test.beforeEach(async ({ phone }) => {
  const { page } = phone
  await phone.openItem('CAP-0001')
  await page.getByRole('button', { name: 'Other things' }).click()
  await page.getByRole('button', { name: 'Give it a label' }).click()
})

/** A hand scanner reads the code, and it is saved. */
async function gives(phone, code) {
  await phone.wedge(code)
  await expect(phone.page.getByRole('textbox', { name: 'Code on the label' })).toHaveValue(code)
  await phone.save()
}

/** How the label stands with the server, and the item that it is on. */
async function wears(floor, code) {
  const { status, item_id } = await floor.admin.get(`/v1/labels/${code}`)
  return [status, item_id]
}

test('a fresh label takes the place of the one that the item has', async ({ floor, phone }) => {
  const [item] = floor.items
  const before = await floor.labelOf(item)
  const { labels } = await floor.admin.post('/v1/labels/blanks', { count: 1 })
  await phone.page.getByRole('switch', { name: 'Replace the label it has' }).check({ force: true })
  await gives(phone, labels[0].code)
  await expect(phone.page.getByRole('dialog')).toHaveCount(0)
  await phone.allSent()
  await expect.poll(() => wears(floor, labels[0].code)).toEqual(['active', item.id])
  expect((await wears(floor, before))[0]).toBe('replaced')
})

test('a label that another item wears is said to be taken, and by which, before it is saved', async ({ floor, phone }) => {
  const [, other] = floor.items
  const { page } = phone
  const code = await floor.labelOf(other)
  const taken = page.getByText('This label is on CAP-0002. Take a fresh label and scan that one.')
  await gives(phone, `${floor.server.url}/Q/${code}`)
  await expect(taken).toBeVisible()
  await gives(phone, code)
  await expect(taken).toBeVisible()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await phone.go('Unsent')
  await expect(page.getByText('Everything is sent and confirmed.')).toBeVisible()
})

test('of the item’s own label it is said whose it is, and nothing is saved', async ({ floor, phone }) => {
  const { page } = phone
  await gives(phone, await floor.labelOf(floor.items[0]))
  await expect(page.getByText('This label is on CAP-0001.', { exact: true })).toBeVisible()
  await expect(page.getByText('All sent')).toBeVisible()
})

test('a number that is typed instead of a label, and the code of a place, are no labels for it', async ({ floor, phone }) => {
  const { page } = phone
  for (const code of ['CAP-0002', `location:${floor.station.id}`]) {
    await page.getByRole('textbox', { name: 'Code on the label' }).fill(code)
    await phone.save()
    await expect(page.getByText('The code you scanned is not the one expected.')).toBeVisible()
  }
})
