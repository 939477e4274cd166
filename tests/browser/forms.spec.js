/** Forms: what is still to be filled in, what a hand scanner must not change, and an item that moves on meanwhile. */

import { open } from './sights.js'
import { expect, test } from './stage.js'

test.use({
  made: {
    stages: [
      {
        key: 'check', name: 'Checking', order: 1,
        actions: [
          {
            key: 'sheet', kind: 'form', label: 'Data sheet', required: false,
            config: {
              fields: [
                { key: 'lot', label: 'Lot', type: 'text', required: true },
                { key: 'size', label: 'Size', type: 'select', required: true, options: ['S', 'M', '0-3'] },
                { key: 'clean', label: 'Clean', type: 'checkbox', required: true },
              ],
            },
          },
        ],
        next: [{ to: 'pack' }],
      },
      { key: 'pack', name: 'Packing', order: 2, actions: [], next: [] },
    ],
  },
})

test.beforeEach(async ({ phone }) => {
  await phone.openItem('CAP-0001')
  await phone.openAction('Data sheet')
})

function fieldsOf({ page }) {
  return { lot: page.getByRole('textbox', { name: 'Lot' }), size: page.getByRole('combobox', { name: 'Size' }), clean: page.getByRole('switch', { name: 'Clean' }) }
}

/** What the server has of the form. */
async function filled(floor, item) {
  const { data } = await floor.admin.get(`/v1/items/${item.id}/events?limit=100`)
  return data.filter(({ kind }) => kind === 'action.completed').map(({ data }) => data.content.fields)
}

test('what is missing is told one by one: it has the focus, and says what is wrong with it', async ({ floor, phone }) => {
  const { lot, size, clean } = fieldsOf(phone)
  await phone.save()
  for (const field of [lot, size, clean]) {
    await expect(field).toBeFocused()
    await expect(field).toHaveAttribute('aria-invalid', 'true')
    await expect(field).toHaveAccessibleDescription('Fill this in')
    if (field === lot) await lot.fill('7')
    if (field === size) await size.selectOption('M')
    if (field === clean) await clean.press('Space')
    await phone.save()
  }
  await phone.allSent()
  await expect.poll(() => filled(floor, floor.items[0])).toEqual([{ lot: '7', size: 'M', clean: true }])
})

test('a hand scanner leaves a choice as it was', async ({ floor, phone }) => {
  const { page } = phone
  const { lot, size, clean } = fieldsOf(phone)
  const label = await floor.labelOf(floor.items[1])
  await lot.fill('7')
  await size.selectOption('S')
  await clean.press('Space')
  await size.focus()
  await phone.wedge(label)
  await expect(page.getByRole('main').getByText('CAP-0002')).toBeVisible()
  await expect(size).toHaveValue('S')
  await phone.save()
  await phone.allSent()
  await expect.poll(() => filled(floor, floor.items[0])).toEqual([{ lot: '7', size: 'S', clean: true }])
})

test('what is half filled in stays when the item moves on, can be saved, and the worker is told what became of it', async ({ floor, phone }) => {
  const [item] = floor.items
  const { page } = phone
  const { lot, size, clean } = fieldsOf(phone)
  await lot.fill('7')
  await floor.admin.post(`/v1/items/${item.id}/advance`, { to: 'pack' })
  await expect(page.getByRole('main').getByText('It has moved')).toBeVisible()
  await expect(lot).toHaveValue('7')
  await size.selectOption('M')
  await clean.press('Space')
  await phone.savedStep('Data sheet')
  await expect(page.getByText('1 needs you')).toBeVisible()
  await phone.go('Unsent')
  await expect(page.getByRole('main').getByText('It has moved')).toBeVisible()
  expect(await filled(floor, item)).toEqual([])
})

test('a step that the item has left before it was opened is not there', async ({ floor, phone }) => {
  const [, item] = floor.items
  const { page } = phone
  await floor.admin.post(`/v1/items/${item.id}/advance`, { to: 'pack' })
  await phone.openItem('CAP-0002')
  await expect(page.getByRole('main').getByRole('link', { name: 'Data sheet' })).toHaveCount(0)
  await open(page, 'item', item.id, 'do', 'check.sheet')
  await expect(page.getByText('This step is not there any more.')).toBeVisible()
})
