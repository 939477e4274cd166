import { drawn } from './picture.js'
import { expect, test } from './stage.js'

const PIECE = 256 * 1024

test('a large photo whose connection is cut after its first piece goes on from there in the next browser: only the rest is sent', async ({ floor, phone, way }) => {
  const [item] = floor.items
  await phone.goToPhoto(item)
  await phone.allSent()
  const pieces = []
  let cut = true
  way.stand((asked) => {
    if (asked.method !== 'PATCH') return null
    const from = Number(asked.headers['upload-offset'])
    if (cut && from > 0) return 'cut'
    pieces.push({ from, size: Number(asked.headers['content-length']) })
    return null
  })
  await phone.page.locator('input[type=file]').setInputFiles({
    name: 'front.jpg', mimeType: 'image/jpeg', buffer: await drawn(phone.page, { width: 1200, height: 900, noisy: true }),
  })
  await phone.save()
  await expect.poll(() => pieces).toEqual([{ from: 0, size: PIECE }])

  await test.step('how far it has come is shown', async () => {
    await expect(phone.page.getByText('1 photo waiting')).toBeVisible()
    await phone.go('Unsent')
    const progress = phone.page.getByRole('progressbar', { name: 'Photo' })
    await expect(progress).toHaveJSProperty('value', PIECE)
    await expect(phone.page.getByText('Everything is sent and confirmed.')).toHaveCount(0)
    await expect(phone.page.getByText(/262 kB of \d+ kB/)).toBeVisible()
  })

  await phone.kill()
  const before = way.asked.length
  cut = false
  await phone.start()
  await phone.allSent()
  const [photo] = (await floor.admin.get(`/v1/photos?item_id=${item.id}`)).data
  expect(photo.size).toBeGreaterThan(PIECE)
  const asked = way.asked.slice(before).filter((line) => line.includes('/v1/uploads')).map((line) => line.split(' ')[0])
  expect(asked.filter((method) => method === 'POST')).toEqual([])
  expect(asked.indexOf('HEAD')).toBe(0)
  expect(pieces.map(({ from }) => from)).toEqual(Array.from({ length: Math.ceil(photo.size / PIECE) }, (_, at) => at * PIECE))
  expect(pieces.reduce((sum, { size }) => sum + size, 0)).toBe(photo.size)
})
