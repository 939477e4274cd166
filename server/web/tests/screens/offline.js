/** The built app as it is served: its first load, no network, a newer version. `npm run build` comes before. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'

import { chromium } from 'playwright-core'

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png', '.webmanifest': 'application/manifest+json', '.wasm': 'application/wasm' }
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self' blob: data:; connect-src 'self'; media-src 'self' blob:"

const folder = mkdtempSync(join(tmpdir(), 'handheld-'))
cpSync(new URL('../../dist', import.meta.url).pathname, folder, { recursive: true })

const asked = []
const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://here').pathname
  asked.push(path)
  if (path.startsWith('/v1/')) return response.writeHead(200, { 'content-type': 'application/json' }).end('{"fresh":true}')
  try {
    const file = path === '/app/' ? 'index.html' : path.slice('/app/'.length)
    const body = readFileSync(join(folder, file))
    const cache = file.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY, 'cache-control': cache }).end(body)
  } catch {
    response.writeHead(404).end()
  }
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const home = `http://127.0.0.1:${server.address().port}/app/`

const faults = []
const expect = (holds, what) => holds || faults.push(what)
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })
try {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) faults.push(message.text())
  })
  await page.goto(home)
  await page.waitForSelector('h1')
  await page.evaluate(() => navigator.serviceWorker.ready)
  await page.reload()
  await page.waitForSelector('h1')

  asked.length = 0
  await page.reload()
  await page.waitForSelector('h1')
  expect(asked.filter((path) => path !== '/app/offline.js').length === 0, `the second load asked for ${asked.join(', ')}`)

  await page.evaluate(() => fetch('/v1/ping'))
  expect(asked.includes('/v1/ping'), 'a call of the API did not reach the server')

  await context.setOffline(true)
  const from = Date.now()
  await page.goto(home)
  await page.waitForSelector('h1')
  console.log(`opened offline in ${Date.now() - from} ms`)
  expect(await page.evaluate(() => fetch('/v1/ping').then(() => false, () => true)), 'a call of the API was answered without a network')
  await context.setOffline(false)

  await page.evaluate(() => localStorage.setItem('kept', 'yes'))
  const worker = join(folder, 'offline.js')
  writeFileSync(worker, readFileSync(worker, 'utf8').replace(/VERSION = "[^"]+"/, 'VERSION = "another"'))
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update())
  await page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration())?.waiting !== null)
  expect((await page.evaluate(() => caches.keys())).length === 2, 'the old version went before the new one was taken')
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.waiting?.postMessage('take over'))
  await page.waitForFunction(async () => (await caches.keys()).join() === 'floorline-app-another')
  await page.waitForSelector('h1')
  expect((await page.evaluate(() => localStorage.getItem('kept'))) === 'yes', 'the new version lost what was kept')
} catch (fault) {
  faults.push(fault.message)
} finally {
  await browser.close()
  server.close()
  rmSync(folder, { recursive: true })
}
for (const fault of faults) console.log(fault)
console.log(`offline start and update: ${faults.length} faults`)
process.exitCode = faults.length > 0 ? 1 : 0
