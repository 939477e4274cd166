/** The handheld's decoders beside `zxing-wasm` and `jsqr`: the frames of `floorline bench scan`, from a picture to its text. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from '@playwright/test'

import { CHROMIUM, QUIET } from '../phone.js'
import { BINARY, ROOT } from '../server.js'
import { atMost, figure, percentile, ratioAbove } from './figure.js'
import { serveFolders } from './folders.js'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const MODULES = join(HERE, '../node_modules')
const APP = join(ROOT, 'server/web/dist')
const PEERS = ['zxing-wasm', 'jsqr']
const ASKED_OF_A_FRAME = atMost(15)

export async function decoders(quick) {
  const frames = mkdtempSync(join(tmpdir(), 'floorline-frames-'))
  const written = spawnSync(BINARY, ['bench', 'scan', '--frames', frames, ...(quick ? ['--quick'] : [])], { encoding: 'utf8' })
  if (written.status !== 0) throw new Error(`no frames: ${written.stderr}`)
  const files = await serveFolders({ app: APP, bench: join(HERE, 'decoding'), frames, modules: MODULES })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET })
  try {
    const page = await browser.newPage()
    await page.goto(`${files.url}/bench/index.html`)
    const list = JSON.parse(readFileSync(join(frames, 'frames.json'), 'utf8'))
    return figures(await page.evaluate((asked) => globalThis.readAll(asked), { list, own: `/app/assets/${ownWorker()}` }))
  } finally {
    await browser.close()
    files.close()
    rmSync(frames, { recursive: true })
  }
}

/** The worker that phones decode in, as it was built. */
function ownWorker() {
  const [name] = readdirSync(join(APP, 'assets')).filter((file) => /^decode\.worker-.*\.js$/.test(file))
  if (name === undefined) throw new Error('The app is not built: ./dev web')
  return name
}

/** `readings`: of each frame how it is spoilt, its text, and of each reader what it found in how many milliseconds. */
function figures(readings) {
  const kinds = [...new Set(readings.map(({ spoilt }) => spoilt))]
  const share = (reader, kind) => {
    const asked = readings.filter(({ spoilt }) => kind === null || spoilt === kind)
    return (100 * asked.filter(({ text, by }) => by[reader].text === text).length) / asked.length
  }
  const time = (reader, part) => percentile(readings.map(({ by }) => by[reader].ms), part)
  const mean = (reader) => readings.reduce((sum, { by }) => sum + by[reader].ms, 0) / readings.length
  for (const reader of ['quick', 'ladder', ...PEERS]) {
    const wrong = readings.filter(({ text, by }) => by[reader].text !== null && by[reader].text !== text).length
    if (wrong > 0) console.error(`${reader} read ${wrong} wrong texts`)
  }
  return PEERS.flatMap((peer) => [
    figure('decode_p50', time('quick', 0.5), 'ms', [peer, time(peer, 0.5)], ASKED_OF_A_FRAME),
    figure('decode_p95', time('quick', 0.95), 'ms', [peer, time(peer, 0.95)]),
    figure('decode_read', share('quick', null), '%', [peer, share(peer, null)]),
    figure('ladder_mean', mean('ladder'), 'ms', [peer, mean(peer)]),
    figure('ladder_read', share('ladder', null), '%', [peer, share(peer, null)], ratioAbove(1)),
    ...kinds.map((kind) => figure(`ladder_read_${kind}`, share('ladder', kind), '%', [peer, share(peer, kind)])),
  ])
}
