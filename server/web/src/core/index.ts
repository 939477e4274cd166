/**
 * The page's side of the core: calls go to the worker, notices come back.
 *
 * One tab has the floor, by a lock of the browser's. Another one says so, can take it over, and has it once the first one is gone.
 */

import type { Core, Notice, State } from './contract'
import { NOTHING_YET } from './nothing_yet'
import type { Call, Said } from './worker'

export type * from './contract'

const LOCK = 'floorline'

type Answer = { resolve: (answer: unknown) => void; reject: (why: unknown) => void }

class Tab {
  private worker: Worker | null = null
  private current: State = NOTHING_YET
  private number = 0
  private readonly waiting = new Map<number, Answer>()
  private readonly listeners = new Set<(notice: Notice) => void>()
  private release: (() => void) | null = null
  private queued: AbortController | null = null

  state(): State {
    return this.current
  }

  subscribe(listen: (notice: Notice) => void): () => void {
    this.listeners.add(listen)
    return () => this.listeners.delete(listen)
  }

  call(name: string, ...args: unknown[]): Promise<unknown> {
    const { worker } = this
    if (worker === null) return Promise.reject({ code: 'ELSEWHERE', message: 'Another tab has the floor.' })
    this.number += 1
    const call: Call = { id: this.number, name, args }
    return new Promise((resolve, reject) => {
      this.waiting.set(call.id, { resolve, reject })
      worker.postMessage(call)
    })
  }

  /** Asks for the floor; `steal` takes it from the tab that has it. */
  begin(steal: boolean): void {
    this.end()
    this.ask(steal ? { steal: true } : { ifAvailable: true })
  }

  private ask(options: LockOptions): void {
    navigator.locks
      .request(LOCK, options, (lock) => {
        if (lock === null) return this.wait()
        document.removeEventListener('visibilitychange', this.queue)
        this.queued = null
        return new Promise<void>((released) => {
          this.release = released
          void this.open()
        })
      })
      .catch(() => {
        if (options.signal?.aborted) return
        // The lock was taken from us.
        this.end()
        this.wait()
      })
  }

  /** Another tab has the floor. When it goes, this one has it, if someone looks at it then: a page that is loaded again keeps its floor. */
  private wait(): void {
    this.become({ ...NOTHING_YET, phase: 'elsewhere' })
    document.addEventListener('visibilitychange', this.queue)
    this.queue()
  }

  private readonly queue = (): void => {
    this.queued?.abort()
    this.queued = null
    if (document.visibilityState !== 'visible') return
    this.queued = new AbortController()
    this.ask({ signal: this.queued.signal })
  }

  private async open(): Promise<void> {
    const persistent = await askToPersist()
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'floor' })
    this.worker.onmessage = ({ data }: MessageEvent<Said>) => this.hear(data)
    this.worker.onerror = ({ message }) => this.breakDown(message)
    await this.call('open', persistent).then(
      (state) => this.become(state as State),
      (error: { code: string; message: string }) =>
        error.code === 'ELSEWHERE' ? this.become({ ...NOTHING_YET, phase: 'elsewhere' }) : this.breakDown(error.message),
    )
    addEventListener('online', this.connected)
    addEventListener('offline', this.connected)
    document.addEventListener('visibilitychange', this.connected)
    // What happened to the network since the worker looked at it, nobody heard.
    this.connected()
  }

  private readonly connected = (): void => {
    if (document.visibilityState === 'visible' || !navigator.onLine) void this.call('online', navigator.onLine).catch(() => undefined)
  }

  private hear(said: Said): void {
    switch (said.said) {
      case 'answer':
        this.waiting.get(said.id)?.resolve(said.answer)
        this.waiting.delete(said.id)
        break
      case 'error':
        this.waiting.get(said.id)?.reject(said.error)
        this.waiting.delete(said.id)
        break
      case 'notice':
        if (said.notice.kind === 'state') this.current = said.notice.state
        this.tell(said.notice)
        break
      case 'lost':
        this.breakDown('The browser closed the storage.')
    }
  }

  private breakDown(problem: string): void {
    this.become({ ...this.current, phase: 'broken', problem })
  }

  private become(state: State): void {
    this.current = state
    this.tell({ kind: 'state', state })
  }

  private tell(notice: Notice): void {
    for (const listen of this.listeners) listen(notice)
  }

  private end(): void {
    removeEventListener('online', this.connected)
    removeEventListener('offline', this.connected)
    document.removeEventListener('visibilitychange', this.connected)
    document.removeEventListener('visibilitychange', this.queue)
    this.queued?.abort()
    this.queued = null
    this.worker?.terminate()
    this.worker = null
    for (const { reject } of this.waiting.values()) reject({ code: 'ELSEWHERE', message: 'Another tab has the floor.' })
    this.waiting.clear()
    this.release?.()
    this.release = null
  }
}

/** Asked for each time: what a browser once refused it may grant after the page was installed. */
async function askToPersist(): Promise<boolean> {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist())
  } catch {
    return false
  }
}

/** Opens the core; the state says how far it is. */
export async function openCore(): Promise<Core> {
  const tab = new Tab()
  tab.begin(false)
  const own = {
    state: () => tab.state(),
    subscribe: (listen: (notice: Notice) => void) => tab.subscribe(listen),
    takeOver: async () => tab.begin(true),
    reopen: async () => tab.begin(true),
    forget: async () => {
      await tab.call('forget')
      tab.begin(true)
    },
  }
  const remote = (name: string) => (...args: unknown[]) => tab.call(name, ...args)
  // Every other name of the contract is a call of the worker's.
  return new Proxy(own, {
    get: (target, name) => (name in target ? target[name as keyof typeof own] : typeof name === 'string' && name !== 'then' ? remote(name) : undefined),
  }) as unknown as Core
}
