/**
 * Does what the core wants done: opens sockets, carries frames, fetches snapshots.
 *
 * It decides nothing but the way: when no socket comes about although the server answers, the same frames go over HTTP.
 */

import { Problem, openFailure, type Api } from './api'
import type { Doing, Happened } from './wire'

const PROTOCOL = 'floor.sync.v1'
/** Sockets that failed in a row before HTTP is tried. */
const FAILED_SOCKETS = 3
const OPEN_WITHIN = 15_000
/** Seconds that a request for the next events waits. */
const FEED_WAIT = 25
const PAUSE = 1_000

export type Hindrance = 'busy' | 'portal'

interface Connection {
  number: number
  send(frame: string, text: string): void
  close(): void
}

/** What the server answers to a request. */
interface Answer {
  welcome: Welcome
  lease?: { lease_id: string; lease: string }
  result?: object
  retry?: object
  gap?: object
}

interface Welcome {
  server_epoch: string
  server_time: number
  last_seq: number
  more: boolean
  results: unknown[]
  topics: { topic: string; mode: string; epoch: string }[]
}

export class Network {
  private connection: Connection | null = null
  /** The one that the core asked for last, and still wants. */
  private wanted: number | null = null
  private failed = 0

  constructor(
    private readonly api: Api,
    private readonly device: string,
    private readonly give: (happened: Happened) => void,
    private readonly hello: () => string,
    /** What stands between this phone and the server; null: nothing, or it cannot be said. */
    private readonly met: (hindrance: Hindrance | null) => void,
  ) {}

  perform(doing: Exclude<Doing, { do: 'tell' }>): void {
    switch (doing.do) {
      case 'open':
        this.close()
        this.wanted = doing.connection
        void this.open(doing.connection)
        break
      case 'send':
        if (this.connection?.number === doing.connection) this.connection.send(doing.frame, doing.text)
        break
      case 'shut':
        this.close()
        break
      case 'fetch':
        void this.fetch(doing.topic, doing.path)
    }
  }

  close(): void {
    this.wanted = null
    this.connection?.close()
    this.connection = null
  }

  private async open(connection: number): Promise<void> {
    try {
      if (this.failed >= FAILED_SOCKETS) {
        // The next connection tries a socket again, once.
        this.failed = FAILED_SOCKETS - 1
        this.connection = new OverHttp(connection, this.api, this.give, this.hello)
        this.give({ event: 'opened', connection, ticket: null })
        return
      }
      const { ticket } = await this.api.json<{ ticket: string }>('/v1/sync/ticket', {
        method: 'POST',
        from: 'device_and_bearer',
        json: { device_id: this.device },
        within: OPEN_WITHIN,
      })
      if (this.wanted !== connection) return
      this.met(null)
      this.connection = this.socket(connection, ticket)
    } catch (error) {
      if (this.wanted !== connection) return
      const failure = openFailure(error)
      this.met(failure.why === 'busy' ? 'busy' : error instanceof Problem && error.code === 'NOT_OURS' ? 'portal' : null)
      this.give({ event: 'open_failed', connection, ...failure })
    }
  }

  private socket(connection: number, ticket: string): Connection {
    const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/v1/sync', PROTOCOL)
    let stands = false
    let over = false
    const end = (code: number) => {
      if (over) return
      over = true
      clearTimeout(patience)
      if (stands) {
        this.give({ event: 'closed', connection, code })
      } else {
        this.failed += 1
        this.give({ event: 'open_failed', connection, why: 'unreachable' })
      }
    }
    const patience = setTimeout(() => {
      end(1006)
      socket.close()
    }, OPEN_WITHIN)
    socket.onopen = () => {
      if (over) return
      stands = true
      this.failed = 0
      clearTimeout(patience)
      this.give({ event: 'opened', connection, ticket })
    }
    socket.onmessage = ({ data }) => {
      if (!over && typeof data === 'string') this.give({ event: 'frame', connection, text: data })
    }
    socket.onclose = ({ code }) => end(code)
    return {
      number: connection,
      send: (_, text) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(text)
      },
      close: () => {
        over = true
        clearTimeout(patience)
        socket.close()
      },
    }
  }

  private async fetch(topic: string, path: string): Promise<void> {
    try {
      this.give({ event: 'snapshot', topic, text: await this.api.text(path, 'ndjson') })
    } catch {
      this.give({ event: 'snapshot_failed', topic })
    }
  }
}

/** The same conversation as requests: its frames become requests, the answers become frames; each feed is polled by one waiting request. */
class OverHttp implements Connection {
  private over = false
  private epoch = ''
  private lease: string | undefined
  private line: Promise<void> = Promise.resolve()
  private readonly followed = new Set<string>()

  constructor(
    readonly number: number,
    private readonly api: Api,
    private readonly give: (happened: Happened) => void,
    private readonly hello: () => string,
  ) {}

  send(frame: string, text: string): void {
    // What the phone says of itself belongs to the moment in which it was asked to send.
    const hello = this.hello()
    this.line = this.line.then(() => this.exchange(frame, text, hello)).catch((error: unknown) => this.end(closeCode(error)))
  }

  close(): void {
    this.over = true
  }

  private end(code: number): void {
    if (this.over) return
    this.close()
    this.give({ event: 'closed', connection: this.number, code })
  }

  private hear(frame: object): void {
    if (!this.over) this.give({ event: 'frame', connection: this.number, text: JSON.stringify(frame) })
  }

  private async exchange(frame: string, text: string, hello: string): Promise<void> {
    if (this.over) return
    switch (frame) {
      case 'hello':
        return this.greet(text)
      case 'submit': {
        // The entries must stay as they are, to the byte: the text is put together, never written anew.
        const submit = text.replace(/"session":\d+,?/, '')
        const answer = await this.post(`{"hello":${hello},"submit":${submit}}`)
        this.hearLease(answer)
        for (const kind of ['result', 'retry', 'gap'] as const) {
          if (answer[kind]) this.hear({ type: kind, ...answer[kind] })
        }
        return
      }
      case 'results': {
        const { after } = JSON.parse(text) as { after: number }
        const answer = await this.post(`{"hello":${hello},"submit":null}`)
        this.hearLease(answer)
        const { welcome } = answer
        const upto_seq = welcome.more ? after : Math.max(after, welcome.last_seq)
        return this.hear({ type: 'result', upto_seq, results: welcome.results, more: welcome.more })
      }
      case 'cursor': {
        const { topic, epoch, cursor } = JSON.parse(text) as { topic: string; epoch: string; cursor: number }
        return this.follow(topic, epoch, cursor)
      }
      case 'ping': {
        // No socket breaks when the server goes or comes back as another: whoever has nothing to send asks.
        const { n } = JSON.parse(text) as { n: number }
        const answer = await this.post(`{"hello":${hello},"submit":null}`)
        const { welcome } = answer
        if (welcome.server_epoch !== this.epoch) return this.end(4503)
        this.hearLease(answer)
        return this.hear({ type: 'pong', n, server_time: welcome.server_time })
      }
      case 'seal':
        // There is no request that seals: the stream is left, and what is unsent names its origin on the next one.
        return this.end(4412)
    }
  }

  private async greet(text: string): Promise<void> {
    const { ticket: _, ...hello } = JSON.parse(text) as { ticket?: string; subscriptions: { topic: string; epoch: string | null; cursor: number }[] }
    const answer = await this.post(JSON.stringify({ hello, submit: null }))
    const { welcome } = answer
    this.epoch = welcome.server_epoch
    for (const state of welcome.topics) {
      const asked = hello.subscriptions.find((subscription) => subscription.topic === state.topic)
      if (state.mode === 'delta' && asked?.epoch === state.epoch) this.follow(state.topic, state.epoch, asked.cursor)
    }
    this.hear({ type: 'welcome', ...welcome })
    this.hearLease(answer)
  }

  /** It comes with every answer, and is heard when it is another one. */
  private hearLease({ lease }: Answer): void {
    if (lease === undefined || lease.lease_id === this.lease) return
    this.lease = lease.lease_id
    this.hear({ type: 'lease', ...lease })
  }

  private post(body: string): Promise<Answer> {
    return this.api.json('/v1/sync/submit', {
      method: 'POST',
      from: 'device_and_bearer',
      body,
      headers: { 'Content-Type': 'application/json' },
    })
  }

  private follow(topic: string, epoch: string, cursor: number): void {
    if (this.followed.has(topic)) return
    this.followed.add(topic)
    void this.poll(topic, epoch, cursor)
  }

  private async poll(topic: string, epoch: string, from: number): Promise<void> {
    let cursor = from
    while (!this.over) {
      try {
        const path = `/v1/sync/feed?topic=${topic}&epoch=${epoch}&cursor=${cursor}&wait=${FEED_WAIT}`
        const response = await this.api.send(path, { from: 'bearer', within: (FEED_WAIT + 15) * 1_000 })
        const text = await response.text()
        if (text.trim() === '') continue
        const frame = JSON.parse(text) as { type: string; to: number }
        if (frame.type === 'push') cursor = Math.max(cursor, frame.to)
        if (frame.type === 'reset') this.followed.delete(topic)
        this.give({ event: 'frame', connection: this.number, text })
        if (frame.type !== 'push') return
      } catch (error) {
        if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) return this.end(1006)
        await pause(PAUSE)
      }
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** What a refused request means for the connection. */
function closeCode(error: unknown): number {
  if (!(error instanceof Problem)) return 1006
  if (error.code === 'STATE_CONFLICT') return 4412
  if (error.code === 'SESSION_ALIVE') return 4409
  const { why } = openFailure(error)
  if (why === 'revoked') return 4403
  if (why === 'signed_out') return 4401
  if (error.status === 429) return 4429
  return error.status === 400 ? 4400 : 1006
}
