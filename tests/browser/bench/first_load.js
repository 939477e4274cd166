/** What a phone fetches until it can scan: the first time, and when it comes back. */

import { expect } from '@playwright/test'

import { makeFloor } from '../floor.js'
import { Phone } from '../phone.js'
import { Server } from '../server.js'
import { atMost, figure } from './figure.js'
import { Wire } from './wire.js'

/** The service worker's script: a browser asks whether it is still the same, whenever the app is opened. */
const WORKER = '/app/offline.js'
/** With it the phone can scan. What looks harder is fetched when that has found nothing for a while. */
const DECODER = /quick_bg.*\.wasm$/

export async function firstLoad() {
  // Without an address of its own the server takes the one it is called by, which is the door's.
  const server = await Server.start({ FLOORLINE_PUBLIC_URL: undefined })
  try {
    const floor = await makeFloor(server)
    return figures(await withoutKeeping(floor), await withKeeping(floor))
  } finally {
    await server.stop()
  }
}

/** Only what the page itself asks for: nothing is kept for later. */
async function withoutKeeping(floor) {
  const wire = await Wire.before(floor.server)
  wire.missing.add(WORKER)
  const decoding = wire.untilAnswered(DECODER)
  const phone = await scanning(floor, wire)
  const seen = await decoding
  await phone.close()
  wire.close()
  const plain = await Promise.all(seen.map(({ method, path, bytes }) => (method === 'GET' && path.startsWith('/app/') ? plainSize(floor.server, path) : bytes)))
  return { seen, plain: plain.reduce((sum, bytes) => sum + bytes, 0) }
}

/** The same with the service worker, until everything that works without a network lies on the phone; then the phone comes back. */
async function withKeeping(floor) {
  const wire = await Wire.before(floor.server)
  const phone = await scanning(floor, wire)
  await phone.installed()
  await wire.quiet()
  const first = wire.seen.splice(0)
  await phone.context.close()
  await phone.start()
  await canScan(phone, wire)
  const second = wire.seen.splice(0)
  await phone.close()
  wire.close()
  return { first, second }
}

async function scanning(floor, wire) {
  const phone = await Phone.atWork({ ...floor, server: { url: wire.url } })
  await phone.page.getByRole('button', { name: 'Start the camera' }).click()
  await canScan(phone, wire)
  return phone
}

/** The camera is open, and a worker reads its frames. */
async function canScan({ page }, wire) {
  await expect(page.getByText('Live')).toBeVisible({ timeout: 20_000 })
  await expect(page.locator('video')).toBeVisible({ timeout: 20_000 })
  await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBeGreaterThan(1)
  await wire.quiet()
}

async function plainSize(server, path) {
  const response = await fetch(server.url + path, { headers: { 'Accept-Encoding': 'identity' } })
  return (await response.arrayBuffer()).byteLength
}

function figures({ seen, plain }, { first, second }) {
  const kilobytes = (requests) => requests.reduce((sum, { bytes }) => sum + bytes, 0) / 1000
  const ofTheApp = (requests) => requests.filter(({ method, path }) => method === 'GET' && path.startsWith('/app/'))
  tell('the first visit fetched', seen)
  tell('kept for later', first.filter(({ path }) => path.startsWith('/app/') && !seen.some((one) => one.path === path)))
  tell('the second visit asked for', second)
  const again = ofTheApp(second).filter(({ path }) => path !== WORKER)
  return [
    figure('first_load', kilobytes(seen), 'kB', ['the same unpacked', plain / 1000], atMost(350)),
    figure('first_load_and_kept', kilobytes(first), 'kB', ['what the page asks for', kilobytes(seen)]),
    figure('second_load', again.length, 'requests', ['the first load', ofTheApp(seen).length], atMost(0)),
  ]
}

function tell(what, requests) {
  const lines = requests.toSorted((a, b) => b.bytes - a.bytes).map(({ method, path, status, bytes }) => `  ${(bytes / 1000).toFixed(1).padStart(8)} kB  ${status} ${method} ${path}`)
  console.error([`${what}:`, ...lines].join('\n'))
}
