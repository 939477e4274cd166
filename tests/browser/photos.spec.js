import { makeFloor } from './floor.js'
import { drawn } from './picture.js'
import { expect, test } from './stage.js'

const FAR = { width: 9_000, height: 6_700 }

test('a photo of 60 megapixels from the gallery is made smaller and arrives', async ({ floor, phone }) => {
  const { page } = phone
  const [item] = floor.items
  await phone.goToPhoto(item)
  const made = await drawn(page, FAR)
  await page.locator('input[type=file]').setInputFiles({ name: 'large.jpg', mimeType: 'image/jpeg', buffer: made })
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeEnabled({ timeout: 120_000 })
  await phone.save()
  const sizes = async () => (await floor.admin.get(`/v1/photos?item_id=${item.id}`)).data.map((photo) => [photo.width, photo.height])
  await expect.poll(sizes).toEqual([[2048, Math.round((2048 * FAR.height) / FAR.width)]])
  await phone.allSent()
})

test('a file that is no picture is refused in words, and the step stays open', async ({ floor, phone }) => {
  const { page } = phone
  const [item] = floor.items
  await phone.goToPhoto(item)
  await page.locator('input[type=file]').setInputFiles({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('this is a letter, not a picture') })
  await expect(page.getByRole('alert')).toContainText('This picture cannot be opened here. Take it again, or make it smaller.')
  await expect(page.getByRole('button', { name: 'Still to take: front' })).toBeDisabled()
  await phone.allSent()
  await expect.poll(async () => (await floor.told(item)).at(-1)).toBe('item.advanced')
})

test('where there is no camera the photo is taken with the phone’s own camera app', async ({ floor, phones }) => {
  const phone = await phones.atWork({ camera: 'missing' })
  await phone.goToPhoto(floor.items[0])
  await expect(phone.page.getByText('No camera here')).toBeVisible()
  await expect(phone.page.getByLabel('Use the phone’s camera app')).toBeEnabled()
})

const GATED = [
  {
    key: 'cut', name: 'Cutting', order: 1, hard_gate: true,
    actions: [{ key: 'picture', kind: 'photo', label: 'Front', required: true, config: { count: 1, min_width: 320, min_height: 240, angles: ['front'] } }],
    next: [{ to: 'pack' }],
  },
  { key: 'pack', name: 'Packing', order: 2, actions: [{ key: 'word', kind: 'note', label: 'Remark', required: true, config: { max_length: 200 } }], next: [] },
]

/** Whether the server has each file, as far as the phone knows. */
function known(page) {
  return page.evaluate(
    () =>
      new Promise((known, failed) => {
        const asked = indexedDB.open('floorline-outbox')
        asked.onerror = failed
        asked.onsuccess = () => {
          const files = asked.result.transaction('file_states').objectStore('file_states').getAll()
          files.onsuccess = () => {
            asked.result.close()
            known(files.result.map(({ uploaded }) => uploaded))
          }
        }
      }),
  )
}

const behindAGate = test.extend({ floor: async ({ server }, use) => use(await makeFloor(server, 1, GATED)) })

behindAGate('when the server was restored, the phone waits no more for a photo that it had sent and does not keep', async ({ floor, server, phone }) => {
  const { page } = phone
  const [item] = floor.items
  await phone.openItem(item.code)
  await phone.openAction('Front')
  await page.getByRole('button', { name: 'Take photo' }).click()
  await phone.save()
  await phone.allSent()
  await expect.poll(() => known(page)).toEqual([true])

  server.command(['epoch', 'renew'])
  await phone.offline()
  await phone.online()
  await expect.poll(() => known(page), { timeout: 40_000 }).toEqual([])
  await phone.openItem(item.code)
  await phone.next('Send on to Packing')
  await phone.allSent()
  await expect.poll(async () => (await floor.told(item)).at(-1)).toBe('item.advanced')
})
