import { beforeEach, expect, test, vi } from 'vitest'

import { openCore } from './index'
import type { Call } from './worker'

const calls: Call[] = []
const heard = new Map<string, () => void>()

class FakeWorker {
  onmessage: ((event: object) => void) | null = null

  postMessage(call: Call): void {
    calls.push(call)
    // The network comes while the worker opens, and before anybody listens.
    if (call.name === 'open') Object.assign(navigator, { onLine: true })
    queueMicrotask(() => this.onmessage?.({ data: { said: 'answer', id: call.id, answer: { phase: 'ready' } } }))
  }
}

beforeEach(() => {
  const listen = (name: string, run: () => void) => void heard.set(name, run)
  vi.stubGlobal('Worker', FakeWorker)
  vi.stubGlobal('addEventListener', listen)
  vi.stubGlobal('removeEventListener', () => undefined)
  vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: listen, removeEventListener: () => undefined })
  vi.stubGlobal('navigator', { onLine: false, locks: { request: async (_: string, __: object, run: (lock: object) => unknown) => run({}) } })
})

test('a network that comes while the core is being opened is not missed', async () => {
  await openCore()
  await vi.waitFor(() => expect(heard.has('online')).toBe(true))
  expect(calls.slice(1)).toMatchObject([{ name: 'online', args: [true] }])
})
