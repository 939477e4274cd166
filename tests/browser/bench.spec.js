import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@playwright/test'

const RUN = fileURLToPath(new URL('bench/run.js', import.meta.url))

const KINDS = ['rotation', 'perspective', 'blur', 'noise', 'low_light', 'damage']
const OF_A_DECODER = ['decode_p50', 'decode_p95', 'decode_read', 'ladder_mean', 'ladder_read', ...KINDS.map((kind) => `ladder_read_${kind}`)]

/** Every line; the decoders' once for each of the two peers. */
const LINES = [
  ...OF_A_DECODER, ...OF_A_DECODER,
  'first_load', 'first_load_and_kept', 'second_load',
  'offline_start_p50', 'offline_start_p95',
  'tap_to_saved_p50', 'tap_to_saved_p95', 'list_opens_p50', 'list_opens_p95',
  'replay_items', 'replay_items_longest_task', 'replay_unsent', 'replay_unsent_longest_task',
]

const AIMED = new Set([
  'decode_p50', 'ladder_read', 'first_load', 'second_load', 'offline_start_p95', 'tap_to_saved_p95', 'list_opens_p95', 'replay_items_longest_task', 'replay_unsent_longest_task',
])

test('the bench prints each of its lines, for people and for machines', async () => {
  test.setTimeout(1_200_000)
  const folder = mkdtempSync(join(tmpdir(), 'floorline-bench-'))
  const json = join(folder, 'bench.json')
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, '--quick', '--json', json])
  const figures = readFileSync(json, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  rmSync(folder, { recursive: true })

  expect(figures.map(({ figure }) => figure)).toEqual(LINES)
  for (const seen of figures) {
    expect(seen).toMatchObject({ bench: 'web', value: expect.any(Number), unit: expect.any(String), peer: expect.any(String), peer_value: expect.any(Number) })
    expect(seen.ratio === null, JSON.stringify(seen)).toBe(seen.peer_value === 0)
    expect(typeof seen.aim === 'string', JSON.stringify(seen)).toBe(AIMED.has(seen.figure))
    expect(typeof seen.met === 'boolean', JSON.stringify(seen)).toBe(AIMED.has(seen.figure))
    expect(stdout).toContain(`web: ${seen.figure} ${seen.value} ${seen.unit}; ${seen.peer}: `)
  }
})
