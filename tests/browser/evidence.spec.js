/** Photos as proof: which of them are sent, how they stand, and what the camera wrote about them. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { drawn, exifOf, fromCamera } from './picture.js'
import { expect, test } from './stage.js'

test.use({
  made: {
    stages: [
      {
        key: 'check', name: 'Checking', order: 1,
        actions: [{ key: 'sides', kind: 'photo', label: 'Both sides', required: true, config: { count: 2, min_width: 320, min_height: 240, angles: ['front', 'back'] } }],
        next: [],
      },
    ],
  },
})

test.beforeEach(async ({ phone }) => {
  await phone.openItem('CAP-0001')
  await phone.openAction('Both sides')
})

async function choose(page, buffer) {
  await page.locator('input[type=file]').setInputFiles({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer })
}

test('each angle is asked for in its turn, and a picture that was taken again is not sent', async ({ floor, phone, way }) => {
  const [item] = floor.items
  const { page } = phone
  const slot = (angle) => page.getByRole('main').getByRole('listitem').filter({ hasText: angle })
  await expect(page.getByText('Now: front')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Still to take: front' })).toBeDisabled()
  await choose(page, await drawn(page, { width: 640, height: 480 }))
  await expect(page.getByText('Now: back')).toBeVisible()
  await expect(page.getByText('1 of 2')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Still to take: back' })).toBeDisabled()
  await choose(page, await drawn(page, { width: 800, height: 600 }))
  await expect(page.getByText('2 of 2')).toBeVisible()

  await slot('front').getByRole('button', { name: 'Take it again' }).click()
  await expect(page.getByText('Now: front')).toBeVisible()
  const before = await slot('front').getByRole('img').getAttribute('src')
  await choose(page, await drawn(page, { width: 960, height: 720 }))
  await expect(slot('front').getByRole('img')).not.toHaveAttribute('src', before)
  await phone.save()
  await phone.allSent()

  const photos = async () => (await floor.admin.get('/v1/photos')).data.map(({ width, height }) => `${width} × ${height}`).sort()
  await expect.poll(photos).toEqual(['800 × 600', '960 × 720'])
  await expect.poll(() => floor.told(item)).toContain('action.completed')
  const { data } = await floor.admin.get(`/v1/items/${item.id}/events?limit=100`)
  const sent = data.find(({ kind }) => kind === 'action.completed').data.content.photos
  expect(sent.map(({ angle }) => angle)).toEqual(['front', 'back'])
  const [front] = (await floor.admin.get(`/v1/photos?sha256=${sent[0].sha256}`)).data
  expect(front.width).toBe(960)
  expect(way.asked.filter((line) => line === 'POST /v1/uploads')).toHaveLength(2)
})

/** The file of these bytes' hash, as the server keeps it. */
function keptFile(server, sha256) {
  const objects = join(server.folder, 'objects')
  const [organization] = readdirSync(objects)
  return readFileSync(join(objects, organization, 'photos', sha256.slice(0, 2), sha256))
}

/** How far two pictures differ as they are shown, each made as large as the other: 0 the same, 255 black and white. */
async function difference(page, one, other) {
  return page.evaluate(
    async (pictures) => {
      const points = []
      for (const picture of pictures) {
        const image = await createImageBitmap(new Blob([Uint8Array.from(atob(picture), (byte) => byte.charCodeAt(0))]))
        const brush = new OffscreenCanvas(32, 32).getContext('2d')
        brush.drawImage(image, 0, 0, 32, 32)
        points.push(brush.getImageData(0, 0, 32, 32).data)
      }
      const [one, other] = points
      return one.reduce((sum, value, at) => sum + Math.abs(value - other[at]), 0) / one.length
    },
    [one, other].map((picture) => picture.toString('base64')),
  )
}

test('a photo of the gallery that lies on its side ends upright, and when, where and with what it was taken is kept with it', async ({ floor, server, phone }) => {
  const { page } = phone
  const lying = await drawn(page, { width: 640, height: 480 })
  const made = fromCamera(lying)
  await choose(page, made)
  await expect(page.getByText('Now: back')).toBeVisible()
  await choose(page, await drawn(page, { width: 800, height: 600 }))
  await phone.save()
  await phone.allSent()

  const photos = async () => (await floor.admin.get(`/v1/photos?item_id=${floor.items[0].id}`)).data.filter(({ metadata }) => metadata.make)
  await expect.poll(async () => (await photos()).length).toBe(1)
  const [photo] = await photos()
  expect([photo.width, photo.height]).toEqual([480, 640])
  expect(new Date(photo.taken_at).toISOString()).toBe('2026-03-03T23:06:07.000Z')
  expect(photo.metadata).toEqual({ make: 'Mill', orientation: 1, taken_at_local: '2026-03-04T05:06:07' })
  const kept = keptFile(server, photo.sha256)
  expect(kept.includes(exifOf(1)), 'the whole of what the camera wrote, its place too').toBe(true)
  expect(await difference(page, kept, made)).toBeLessThan(8)
  expect(await difference(page, kept, lying)).toBeGreaterThan(20)
})
