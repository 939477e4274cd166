import { chromium } from 'playwright-core'
import { createServer } from 'vite'

import { scan } from './hand_scanner.js'

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** The app in Vite's dev mode and a browser beside it. */
export async function openStage() {
  const server = await createServer({ logLevel: 'error', server: { host: '127.0.0.1', port: 0, hmr: false } })
  await server.listen()
  const address = server.httpServer?.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [...QUIET, '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
  })
  return {
    browser,
    address: (hash, how = '') => `http://127.0.0.1:${port}/app/?fake=${how}#/${hash}`,
    async close() {
      await browser.close()
      await server.close()
    },
  }
}

/** Every screen: its name, where it is, how the factory is invented, what is pressed or scanned first. */
export const SCREENS = [
  { name: 'scan', hash: 'scan' },
  { name: 'scan-camera', hash: 'scan', press: ['Start the camera'] },
  { name: 'scan-typing', hash: 'scan', press: ['Type a code'] },
  { name: 'scan-item', hash: 'scan', scan: 'item:i-5' },
  { name: 'scan-stop', hash: 'scan', scan: 'item:i-13', wait: '[role=alertdialog]' },
  { name: 'scan-bulk', hash: 'scan', press: ['Many in a row'] },
  { name: 'queue', hash: 'queue' },
  { name: 'queue-sewing', hash: 'queue/q-sew' },
  { name: 'items', hash: 'items' },
  { name: 'item', hash: 'item/i-5' },
  { name: 'item-parts', hash: 'item/i-2' },
  { name: 'item-part', hash: 'item/i-3' },
  { name: 'item-held', hash: 'item/i-7' },
  { name: 'item-other-things', hash: 'item/i-5', press: ['Other things'] },
  { name: 'item-reason', hash: 'item/i-5', press: ['Other things', 'Flag a problem'] },
  { name: 'item-unknown', hash: 'item/i-none' },
  { name: 'do-scan', hash: 'item/i-8/do/cut.label' },
  { name: 'do-measure', hash: 'item/i-8/do/cut.width' },
  { name: 'do-note', hash: 'item/i-8/do/cut.note' },
  { name: 'do-photo', hash: 'item/i-5/do/sew.look' },
  { name: 'do-form', hash: 'item/i-5/do/sew.thread' },
  { name: 'do-inspect', hash: 'item/i-6/do/inspect.points' },
  { name: 'do-approve', hash: 'item/i-6/do/inspect.release' },
  { name: 'do-sign', hash: 'item/i-6/do/inspect.sign' },
  { name: 'unsent', hash: 'unsent' },
  { name: 'cards', hash: 'unsent', how: 'cards' },
  { name: 'journal', hash: 'journal' },
  { name: 'hand-over', hash: 'hand-over' },
  { name: 'hand-over-codes', hash: 'hand-over', press: ['Show as codes to scan'] },
  { name: 'hand-in', hash: 'hand-in' },
  { name: 'hand-in-codes', hash: 'hand-in', press: ['Read its codes'] },
  { name: 'more', hash: 'more' },
  { name: 'shift', hash: 'shift' },
  { name: 'shift-end', hash: 'shift', press: ['End my shift'] },
  { name: 'settings', hash: 'settings' },
  { name: 'worker', hash: 'worker' },
  { name: 'worker-pin', hash: 'worker', press: ['Kim Tran'] },
  { name: 'signed-out', hash: 'scan', how: 'signed_out' },
  { name: 'session-over', hash: 'worker', how: 'session_over' },
  { name: 'offline', hash: 'unsent', how: 'offline' },
  { name: 'unsafe', hash: 'queue', how: 'unsafe' },
  { name: 'stop', hash: 'scan', how: 'stop' },
  { name: 'starting', hash: '', how: 'starting' },
  { name: 'elsewhere', hash: '', how: 'elsewhere' },
  { name: 'broken', hash: '', how: 'broken' },
  { name: 'unenrolled', hash: '', how: 'unenrolled' },
  { name: 'pending', hash: '', how: 'pending' },
]

export async function show(page, stage, screen) {
  await page.goto('about:blank')
  await page.goto(stage.address(screen.hash, screen.how))
  await page.waitForSelector('h1')
  for (const name of screen.press ?? []) await page.getByRole('button', { name }).or(page.getByRole('link', { name })).first().click()
  if (screen.scan) await scan(page, screen.scan)
  if (screen.wait) await page.waitForSelector(screen.wait)
  await page.waitForTimeout(250)
}
