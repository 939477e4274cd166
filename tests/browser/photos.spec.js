import { drawn } from './picture.js'
import { expect, test } from './stage.js'

const FAR = { width: 9_000, height: 6_700 }

async function atThePhoto(floor, phone) {
  const [item] = floor.items
  await phone.wedge(`item:${item.id}`)
  await phone.openItem('CAP-0001')
  await phone.measure('10.1')
  await phone.next('Send on to Checking')
  await phone.openAction('Front')
  return item
}

test('a photo of 60 megapixels from the gallery is made smaller and arrives', async ({ floor, phone }) => {
  const { page } = phone
  const item = await atThePhoto(floor, phone)
  const made = await drawn(page, FAR)
  await page.locator('input[type=file]').setInputFiles({ name: 'large.jpg', mimeType: 'image/jpeg', buffer: made })
  await phone.save()
  const sizes = async () => (await floor.admin.get(`/v1/photos?item_id=${item.id}`)).data.map((photo) => [photo.width, photo.height])
  await expect.poll(sizes).toEqual([[2048, Math.round((2048 * FAR.height) / FAR.width)]])
  await phone.allSent()
})

test('a file that is no picture is refused in words, and the step stays open', async ({ floor, phone }) => {
  const { page } = phone
  const item = await atThePhoto(floor, phone)
  await page.locator('input[type=file]').setInputFiles({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('this is a letter, not a picture') })
  await expect(page.getByRole('alert')).toContainText('This picture cannot be opened here. Take it again, or make it smaller.')
  await expect(page.getByRole('button', { name: 'Still to take: front' })).toBeDisabled()
  await phone.allSent()
  await expect.poll(async () => (await floor.told(item)).at(-1)).toBe('item.advanced')
})

test('where there is no camera the photo is taken with the phone’s own camera app', async ({ floor, phones }) => {
  const phone = await phones.atWork({ camera: 'missing' })
  await atThePhoto(floor, phone)
  await expect(phone.page.getByText('No camera here')).toBeVisible()
  await expect(phone.page.getByLabel('Use the phone’s camera app')).toBeEnabled()
})
