import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { Problem, type Api } from './api'
import { Network } from './network'
import type { Happened } from './wire'

/** A network lets no socket through. */
class Blocked {
  onclose: ((closed: { code: number }) => void) | null = null

  constructor() {
    queueMicrotask(() => this.onclose?.({ code: 1006 }))
  }

  close(): void {}
}

beforeEach(() => {
  vi.stubGlobal('WebSocket', Blocked)
  vi.stubGlobal('location', { origin: 'https://floor.example' })
})

afterEach(() => {
  vi.unstubAllGlobals()
})

const WELCOME = { server_epoch: 's', server_time: 1, last_seq: 0, more: false, results: [], topics: [] }
const lease = (name: string) => ({ lease_id: name, lease: `as signed: ${name}` })

/** A phone that has given sockets up, and a server that answers each request with the next of these. */
async function overHttp(answers: object[]) {
  const happened: Happened[] = []
  const api = {
    json: (path: string) => {
      if (path === '/v1/sync/ticket') return Promise.resolve({ ticket: 't' })
      const answer = answers.shift()
      return answer === undefined ? Promise.reject(new Problem(503, 'UNAVAILABLE', 'no more')) : Promise.resolve(answer)
    },
  }
  const network = new Network(api as unknown as Api, 'device', (event) => happened.push(event), () => '{}', () => undefined)
  for (let connection = 1; connection <= 4; connection += 1) {
    network.perform({ do: 'open', connection })
    await vi.waitFor(() => expect(happened).toHaveLength(connection))
  }
  const frames = () => happened.flatMap((event) => (event.event === 'frame' ? [JSON.parse(event.text) as { type: string; lease_id?: string }] : []))
  const send = (frame: string, body: object) => network.perform({ do: 'send', connection: 4, frame, text: JSON.stringify(body) })
  return { frames, send }
}

test('over HTTP the lease is heard after the welcome, and before verdicts when it is another one', async () => {
  const answers = [
    { welcome: WELCOME, lease: lease('first') },
    { welcome: WELCOME, lease: lease('first'), result: { upto_seq: 1, results: [] } },
    { welcome: WELCOME, lease: lease('second'), result: { upto_seq: 2, results: [] } },
    { welcome: WELCOME, lease: lease('third') },
    { welcome: WELCOME, result: { upto_seq: 3, results: [] } },
  ]
  const { frames, send } = await overHttp(answers)
  send('hello', { type: 'hello', subscriptions: [] })
  for (const first_seq of [1, 2]) send('submit', { type: 'submit', session: 1, first_seq, entries: [], hashes: [] })
  send('ping', { type: 'ping', n: 1 })
  send('submit', { type: 'submit', session: 1, first_seq: 3, entries: [], hashes: [] })
  await vi.waitFor(() => expect(answers).toHaveLength(0))
  await vi.waitFor(() => expect(frames().at(-1)).toMatchObject({ type: 'result', upto_seq: 3 }))
  expect(frames().map(({ type, lease_id }) => lease_id ?? type)).toEqual(['welcome', 'first', 'result', 'second', 'result', 'third', 'pong', 'result'])
  expect(frames()[1]).toEqual({ type: 'lease', ...lease('first') })
})
