/** A photo of a label, chosen from the phone's gallery. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { drawn } from './picture.js'
import { ROOT } from './server.js'
import { expect, test } from './stage.js'

const LABELS = join(ROOT, 'fixtures/qr')

async function choose(page, buffer, mimeType = 'image/jpeg') {
  await page.getByLabel('From a photo').setInputFiles({ name: 'label', mimeType, buffer })
}

test('a photo of an item’s label is a scan of it, and a photo without a code says how to take it', async ({ floor, phone }) => {
  const { page } = phone
  const [item] = floor.items
  const none = page.getByText('No code found in this photo. Take it closer, straight on, without glare.')
  await choose(page, await drawn(page, { width: 1280, height: 960 }))
  await expect(none).toBeVisible()
  await choose(page, Buffer.from('this is a letter, not a picture'))
  await expect(none).toBeVisible()

  const label = await fetch(`${floor.server.own}/v1/items/${item.id}/label.png`, { headers: { Authorization: `Bearer ${await floor.admin.token()}` } })
  expect(label.status).toBe(200)
  await choose(page, Buffer.from(await label.arrayBuffer()), 'image/png')
  await expect(page.getByRole('heading', { name: 'CAP-0001' })).toBeVisible()
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await expect(none).toHaveCount(0)
  await phone.allSent()
  await expect.poll(() => floor.told(item)).toEqual(['item.created', 'item.started', 'action.completed'])
})

test('photos of labels on cardboard, at a slant, blurred, in the dark, engraved, far away and grainy are read', async ({ floor, phone }) => {
  const scanned = async () => (await floor.admin.get('/v1/scans?limit=200')).data.map(({ raw }) => raw)
  for (const { file, shows, text } of JSON.parse(readFileSync(join(LABELS, 'labels.json'), 'utf8'))) {
    await test.step(shows, async () => {
      await choose(phone.page, readFileSync(join(LABELS, file)))
      await expect.poll(scanned).toContain(text)
      await expect(phone.page.getByRole('heading', { name: 'Not our label' })).toBeVisible()
    })
  }
})
