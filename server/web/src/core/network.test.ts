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

test('of two connections that were asked for one after the other the later one is had, whichever ticket comes first', async () => {
  const opened: string[] = []
  class Opened {
    static readonly OPEN = 1
    onopen: (() => void) | null = null
    constructor() {
      queueMicrotask(() => this.onopen?.())
    }
    close(): void {}
  }
  vi.stubGlobal('WebSocket', Opened)
  for (const order of [[0, 1], [1, 0]]) {
    const asked: ((ticket: object) => void)[] = []
    const api = { json: () => new Promise((answer) => asked.push(answer)) }
    const network = new Network(api as unknown as Api, 'device', (event) => opened.push(JSON.stringify(event)), () => '{}', () => undefined)
    for (const connection of [1, 2]) network.perform({ do: 'open', connection })
    for (const place of order) asked[place]?.({ ticket: `ticket ${place + 1}` })
    await vi.waitFor(() => expect(opened).toHaveLength(1))
    expect(JSON.parse(opened.pop() ?? '')).toEqual({ event: 'opened', connection: 2, ticket: 'ticket 2' })
  }
})

test('a ticket that comes after the connection was let go opens none, and one that fails then says nothing', async () => {
  const met: unknown[] = []
  const ends: { answer: (ticket: object) => void; fail: (why: unknown) => void }[] = []
  const api = { json: () => new Promise((answer, fail) => ends.push({ answer, fail })) }
  const network = new Network(api as unknown as Api, 'device', (event) => met.push(event), () => '{}', (hindrance) => met.push(hindrance))
  for (const connection of [1, 2]) {
    network.perform({ do: 'open', connection })
    network.perform({ do: 'shut', connection })
  }
  ends[0]?.answer({ ticket: 'late' })
  ends[1]?.fail(new Problem(503, 'UNAVAILABLE', 'late'))
  await new Promise((settled) => setTimeout(settled))
  expect(met).toEqual([])
})
