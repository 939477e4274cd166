/** Files of frames for a fake camera: what it sees lies on a table, a little aslant. */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from '@playwright/test'

import { CHROMIUM, QUIET } from './phone.js'

const FOLDER = mkdtempSync(join(tmpdir(), 'floorline-camera-'))
process.once('exit', () => rmSync(FOLDER, { recursive: true, force: true }))

/** An item's printed label. */
export async function sightOf(floor, item) {
  const token = await floor.admin.token()
  const label = await fetch(`${floor.server.url}/v1/items/${item.id}/label.png`, { headers: { Authorization: `Bearer ${token}` } })
  if (!label.ok) throw new Error(`no label: ${label.status} ${await label.text()}`)
  return sightOfAll([`data:image/png;base64,${Buffer.from(await label.arrayBuffer()).toString('base64')}`], { width: 520 })
}

/** Pictures by their addresses, one after the other, each for so many frames of 30 in a second. */
export async function sightOfAll(pictures, { width, frames = 1 }) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET })
  const page = await browser.newPage({ viewport: { width: 1280, height: 960 } })
  const seen = []
  for (const picture of pictures) {
    await page.setContent(`<body style="margin:0;background:#b8b4ac;display:grid;place-items:center;height:100vh"><img style="width:${width}px;transform:rotate(7deg)">`)
    await page.locator('img').evaluate((image, picture) => ((image.src = picture), image.decode()), picture)
    const frame = await page.screenshot({ type: 'jpeg', quality: 90 })
    seen.push(...Array.from({ length: frames }, () => frame))
  }
  await browser.close()
  const file = join(FOLDER, `${randomUUID()}.mjpeg`)
  writeFileSync(file, Buffer.concat(seen))
  return file
}
