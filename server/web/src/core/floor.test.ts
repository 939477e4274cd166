import { beforeEach, expect, test, vi } from 'vitest'

import { Floor } from './floor'
import { StorageError, type Storage } from './storage'
import type { Changes } from './wire'

const core = vi.hoisted(() => ({ act: (): string => '', free: (): void => undefined }))

vi.mock('./wasm/core_bg.wasm?url', () => ({ default: '' }))
vi.mock('./wasm/core', () => ({
  default: async () => undefined,
  Core: { open: () => ({ opened: () => came(), act: () => core.act(), free: () => core.free() }) },
}))

const NOTHING = { meta: null, entries: [], gone_entries: [], leases: [], files: [], cleared: false, swapped: [], topics: [], gone_topics: [], rows: [], gone_rows: [] }

function came(changes: Partial<Changes> = {}): string {
  return JSON.stringify({ answer: 'done', changes: { ...NOTHING, ...changes }, effects: [], wake_at: null })
}

let storage: { [name in 'load' | 'write' | 'follow']: ReturnType<typeof vi.fn> }
let told: string[]
let pauses: number[]
let broken: StorageError | null

beforeEach(() => {
  core.act = () => came({ entries: [{}] })
  core.free = () => undefined
  storage = { load: vi.fn(async () => ({})), write: vi.fn(async () => undefined), follow: vi.fn(async () => undefined) }
  ;[told, pauses, broken] = [[], [], null]
})

const opened = () =>
  Floor.open(
    storage as unknown as Storage,
    { device_id: 'd', site: 's', app_version: '1' },
    () => told.push('effects'),
    (error) => (broken = error),
    (pause) => pauses.push(pause),
    () => told.push('state'),
  )

const act = (floor: Floor) => floor.change<string>((one) => one.act('', 0, 0))

test('an act is answered when it is durable, whatever becomes of the floor, and the state is told before the answer', async () => {
  const floor = await opened()
  let follow = (): void => undefined
  storage.follow.mockImplementation(() => new Promise<void>((done) => (follow = done)))
  await act(floor).then(() => told.push('answer'))
  expect(told).toEqual(['state', 'answer'])
  follow()
  await vi.waitFor(() => expect(told).toEqual(['state', 'answer', 'effects']))
})

test('a core that stopped in the middle of a call, and so cannot be freed, breaks the floor: nobody waits for it for ever', async () => {
  const floor = await opened()
  core.act = () => {
    throw new Error('unreachable')
  }
  core.free = () => {
    throw new Error('attempted to take ownership of Rust value while it was borrowed')
  }
  await expect(act(floor)).rejects.toThrow('unreachable')
  expect(broken?.why).toBe('lost')
  await expect(act(floor)).rejects.toThrow('storage lost')
})

test('where the storage stays full, each core that is opened again waits longer before it asks for more', async () => {
  const floor = await opened()
  storage.write.mockImplementation(async (changes: Changes[]) => {
    if (changes.some(({ entries }) => entries.length > 0)) throw new StorageError('full', null)
  })
  for (let times = 0; times < 10; times++) await expect(act(floor)).rejects.toThrow('storage full')
  await vi.waitFor(() => expect(pauses).toHaveLength(10))
  expect(pauses.slice(0, 3)).toEqual([500, 1_000, 2_000])
  expect(pauses.at(-1)).toBe(60_000)
  expect(broken).toBeNull()
})
