import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Notice, State } from './contract'
import { Device } from './device'
import { Problem } from './api'
import { Storage, StorageError } from './storage'
import type { CoreState, Doing } from './wire'

const core = vi.hoisted(() => ({ link: 'down', unsent: 0, act: (): string => '', give: (_text: string): string => '' }))

vi.mock('./wasm/core_bg.wasm?url', () => ({ default: '' }))
vi.mock('./wasm/core', () => ({
  default: async () => undefined,
  Core: {
    open: () => ({
      opened: () => came(),
      signIn: () => came(),
      give: (text: string) => core.give(text),
      act: () => core.act(),
      waitingFiles: () => '["photo"]',
      state: () => JSON.stringify({ link: core.link, unsent: core.unsent, oldest_unsent_time: null, unsent_of: [], cards: 0, stops: [], full: false, floor: { cursor: 1, items: 0 }, shift: null } satisfies Record<keyof CoreState, unknown>),
      free: () => {
        throw new Error('borrowed')
      },
    }),
  },
}))

function came(effects: Doing[] = [], entries: object[] = [], answer: unknown = null): string {
  const changes = { meta: null, entries, gone_entries: [], leases: [], files: [], cleared: false, swapped: [], topics: [], gone_topics: [], rows: [], gone_rows: [] }
  return JSON.stringify({ answer, changes, effects, wake_at: null })
}

const person = { id: 'p', name: 'Ana', organization_id: 'o', roles: [], permissions: [], refresh_token: null, badge: null, pin: null, seen_time: 0 }
const dropped: string[] = []
const storage = {
  people: async () => [person],
  current: async () => 'p',
  key: async () => ({}),
  device: async () => ({ id: 'd', name: 'Phone', site_id: 's', digits: null, state: 'active' }),
  load: async () => ({}),
  write: async (): Promise<void> => undefined,
  follow: async () => undefined,
  file: async () => null,
  setDevice: async () => undefined,
  missing: async () => [],
  dropFile: async (hash: string) => void dropped.push(hash),
  knownFiles: async () => [{ sha256: 'photo', size: 3, mime: '', sent: 0, kept_time: 0 }],
  close: () => undefined,
}

let told: string[]
let state: State | null

async function opened(): Promise<Device> {
  const device = await Device.open(
    (notice: Notice) => {
      if (notice.kind !== 'state') return
      state = notice.state
      told.push(`${state.phase}, ${state.unsent} unsent`)
    },
    true,
    () => undefined,
  )
  await vi.waitFor(() => expect(state?.phase).toBe('ready'))
  return device
}

const tell = (device: Device, ...effects: Doing[]) => {
  core.give = () => came(effects.splice(0))
  device.online(true)
}

afterEach(() => void vi.restoreAllMocks())

beforeEach(() => {
  vi.stubGlobal('navigator', { onLine: false })
  vi.spyOn(Storage, 'open').mockResolvedValue(storage as unknown as Storage)
  ;[told, state] = [[], null]
  dropped.length = 0
  Object.assign(core, { link: 'down', unsent: 0, give: () => came() })
  core.act = () => {
    core.unsent += 1
    return came([], [{}], { act: core.unsent })
  }
})

test('what is saved stands in the state before its answer is given', async () => {
  const device = await opened()
  await device.act({ op: 'note.add', data: {} })
  expect(told.at(-1)).toBe('ready, 1 unsent')
})

test('a core that stops in the middle of a call is told of on the screen, with its words', async () => {
  const device = await opened()
  core.act = () => {
    throw new Error('unreachable')
  }
  await expect(device.act({ op: 'note.add', data: {} })).rejects.toThrow()
  await vi.waitFor(() => expect(state).toMatchObject({ phase: 'broken', problem: 'storage lost: Error: unreachable' }))
  await expect(device.act({ op: 'note.add', data: {} })).rejects.toThrow('The floor is not open.')
})

test('a storage that the browser closed stays closed on the screen, whatever happens besides', async () => {
  const device = await opened()
  const [lost] = vi.mocked(Storage.open).mock.lastCall ?? []
  lost?.()
  await vi.waitFor(() => expect(state?.phase).toBe('broken'))
  device.online(true)
  await vi.waitFor(() => expect(told).toHaveLength(3))
  expect(told.slice(1)).toEqual(['broken, 0 unsent', 'broken, 0 unsent'])
})

test('a phone that asks by itself whether it was let in, while its person asks too, opens one floor', async () => {
  vi.spyOn(storage, 'device').mockResolvedValue({ id: 'd', name: 'Phone', site_id: 's', digits: null, state: 'pending' })
  const load = vi.spyOn(storage, 'load')
  const waiting = await Device.open(() => undefined, true, () => undefined)
  vi.spyOn(waiting.api, 'json').mockResolvedValue({ status: 'active', site_id: 's' })
  await Promise.all([waiting.askApproval(), waiting.askApproval()])
  expect(waiting.state().phase).toBe('ready')
  expect(load).toHaveBeenCalledTimes(1)
})

test('a clock that was set right is not called wrong any more once the phone connects anew', async () => {
  const device = await opened()
  tell(device, { do: 'tell', kind: 'link', link: 'connecting' }, { do: 'tell', kind: 'clock_skew', ahead_ms: 400_000 }, { do: 'tell', kind: 'link', link: 'live' })
  await vi.waitFor(() => expect(state?.clock_ahead_ms).toBe(400_000))
  tell(device, { do: 'tell', kind: 'link', link: 'connecting' }, { do: 'tell', kind: 'link', link: 'live' })
  await vi.waitFor(() => expect(state?.clock_ahead_ms).toBeNull())
})

test('why there is no connection is said: the server is busy, or somebody else answers for it', async () => {
  const device = await opened()
  const json = vi.spyOn(device.api, 'json')
  for (const [problem, link] of [
    [new Problem(503, 'UNAVAILABLE', ''), 'busy'],
    [new Problem(0, 'NOT_OURS', ''), 'portal'],
    [new Problem(0, 'UNREACHABLE', ''), 'down'],
  ] as const) {
    json.mockRejectedValue(problem)
    tell(device, { do: 'open', connection: 1 }, { do: 'tell', kind: 'link', link: 'down' })
    await vi.waitFor(() => expect(device.state().link).toBe(link))
  }
})

test('a phone that is full says all the same that it was blocked', async () => {
  const device = await opened()
  vi.spyOn(storage, 'setDevice').mockRejectedValue(new StorageError('full', null))
  tell(device, { do: 'tell', kind: 'revoked', reason: 'lost' })
  await vi.waitFor(() => expect(state?.link).toBe('revoked'))
})

test('bytes that the server has go from a phone that is too full to note it', async () => {
  const device = await opened()
  vi.spyOn(storage, 'write').mockRejectedValue(new StorageError('full', null))
  const { uploads } = device as unknown as { uploads: { uploaded(sha256: string): void } }
  core.give = () => came([], [{}])
  uploads.uploaded('photo')
  await vi.waitFor(() => expect(dropped).toEqual(['photo']))
  expect(device.waitingFiles()).toEqual([])
  device.close()
})
