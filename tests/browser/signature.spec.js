import { expect, test } from './stage.js'

test.use({
  made: {
    stages: [{ key: 'sign', name: 'Signing', order: 1, actions: [{ key: 'name', kind: 'signature', label: 'Signature', required: true, config: {} }], next: [] }],
  },
})

/** What the server has of the signature of an item: the name in words, and its picture. */
async function signed(floor, item) {
  const { data } = await floor.admin.get(`/v1/items/${item.id}/events?limit=100`)
  const names = data.filter((event) => event.kind === 'action.completed').map((event) => event.data.content.name)
  const photos = (await floor.admin.get(`/v1/photos?item_id=${item.id}`)).data.map((photo) => photo.mime)
  return { names, photos }
}

test.beforeEach(async ({ phone }) => {
  await phone.openItem('CAP-0001')
  await phone.openAction('Signature')
})

test('nothing is saved before something is drawn or typed, and what is cleared is not signed', async ({ floor, phone }) => {
  const { page } = phone
  const unsigned = page.getByRole('button', { name: 'Sign, or type your name' })
  await expect(unsigned).toBeDisabled()
  await expect(page.getByRole('textbox')).toHaveValue('Ana Silva')
  await phone.draw()
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeEnabled()
  await page.getByRole('button', { name: 'Clear' }).click()
  await expect(unsigned).toBeDisabled()
  await page.getByRole('textbox', { name: 'Or type your name' }).fill('')
  await expect(unsigned).toBeDisabled()
  await phone.allSent()
  expect(await signed(floor, floor.items[0])).toEqual({ names: [], photos: [] })
})

test('a signature that was drawn arrives as a picture with a name', async ({ floor, phone }) => {
  await phone.draw()
  await phone.save()
  await phone.allSent()
  await expect.poll(() => signed(floor, floor.items[0])).toEqual({ names: ['Ana Silva'], photos: ['image/png'] })
})

test('who cannot draw types the name with the keyboard alone, and it is a signature', async ({ floor, phone }) => {
  const { page } = phone
  const name = page.getByRole('textbox', { name: 'Or type your name' })
  await name.focus()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText('Ana S. Silva')
  await page.keyboard.press('Tab')
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeFocused()
  await page.keyboard.press('Enter')
  await phone.allSent()
  await expect.poll(() => signed(floor, floor.items[0])).toEqual({ names: ['Ana S. Silva'], photos: ['image/png'] })
})
