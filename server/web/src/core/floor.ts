/**
 * The WebAssembly core and its storage: every call is committed before its answer is given and its effects are done.
 *
 * Calls that come while a commit is under way are made together and committed together, so many scans at once cost one write.
 * When a commit fails, the core in memory is thrown away and another one opened from what is kept. The floor's own rows are written
 * after the answers: an act is as safe without them.
 */

import init, { Core } from './wasm/core'
import wasm from './wasm/core_bg.wasm?url'
import { StorageError, type Storage } from './storage'
import type { Came, Changes, Doing, Happened } from './wire'

/** Calls made before one commit. */
const GROUP = 64
/** After this long without a failure the next one is a first one. */
const CALM_MS = 180_000
const LONGEST_PAUSE_MS = 60_000

interface Call {
  run: (core: Core, time: number, monotonic: number) => string
  resolve: (answer: unknown) => void
  reject: (why: unknown) => void
}

export interface Opening {
  device_id: string
  site: string
  app_version: string
}

export class Floor {
  private core: Core | null = null
  private calls: Call[] = []
  private pumping = false
  private timer: ReturnType<typeof setTimeout> | undefined
  private failures = 0
  private failedAt = -Infinity
  private readonly bootId = crypto.randomUUID()

  private constructor(
    private readonly storage: Storage,
    private readonly opening: Opening,
    private readonly perform: (doing: Doing[]) => void,
    private readonly broken: (error: StorageError) => void,
    /** What a core that was opened again has to be told: who is signed in, and after a pause to connect. */
    private readonly again: (pause: number) => void,
    /** Acts changed, and that is durable; whoever waits for the answer hears of it after this. */
    private readonly saved: () => void,
  ) {}

  static async open(
    storage: Storage,
    opening: Opening,
    perform: (doing: Doing[]) => void,
    broken: (error: StorageError) => void,
    again: (pause: number) => void,
    saved: () => void,
  ): Promise<Floor> {
    await init({ module_or_path: wasm })
    const floor = new Floor(storage, opening, perform, broken, again, saved)
    await floor.reopen()
    return floor
  }

  close(): void {
    clearTimeout(this.timer)
    this.letGo()
    this.rejectAll()
  }

  private rejectAll(): void {
    for (const call of this.calls.splice(0)) call.reject(new StorageError('lost', null))
  }

  private letGo(): void {
    const { core } = this
    this.core = null
    try {
      core?.free()
    } catch {
      // It stopped in the middle of a call, and is still lent to it. Its memory goes with this worker.
    }
  }

  /** A call that may change something; resolves once that is durable. */
  change<T>(run: Call['run']): Promise<T> {
    return new Promise((resolve, reject) => {
      this.calls.push({ run, resolve: (answer) => resolve(answer as T), reject })
      void this.pump()
    })
  }

  give(happened: Happened): void {
    const text = JSON.stringify(happened)
    this.change((core, time, monotonic) => core.give(text, time, monotonic)).catch(() => undefined)
  }

  /** A call that only looks; what is looked at is durable, or about to be. */
  look<T>(run: Call['run']): T {
    if (this.core === null) throw new StorageError('lost', null)
    return JSON.parse(run(this.core, Date.now(), performance.now())) as T
  }

  private async reopen(): Promise<void> {
    const kept = await this.storage.load()
    this.letGo()
    const seed = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
    const opening = { ...this.opening, boot_id: this.bootId, seed, time: Date.now() }
    const core = Core.open(JSON.stringify(opening), JSON.stringify(kept))
    const { changes } = JSON.parse(core.opened()) as Came<null>
    await this.storage.write([changes])
    await this.storage.follow([changes])
    this.core = core
  }

  private async pump(): Promise<void> {
    if (this.pumping) return
    this.pumping = true
    try {
      while (this.calls.length > 0 && this.core !== null) await this.group(this.core, this.calls.splice(0, GROUP))
    } finally {
      this.pumping = false
    }
    if (this.core === null) this.rejectAll()
  }

  private async group(core: Core, calls: Call[]): Promise<void> {
    const changes: Changes[] = []
    const effects: Doing[] = []
    const answers: (() => void)[] = []
    let wakeAt: number | null = null
    try {
      for (const call of calls) {
        const came = JSON.parse(call.run(core, Date.now(), performance.now())) as Came<unknown>
        changes.push(came.changes)
        effects.push(...came.effects)
        answers.push(() => call.resolve(came.answer))
        wakeAt = came.wake_at
      }
      await this.storage.write(changes)
    } catch (error) {
      calls.forEach((call) => call.reject(error))
      await this.recover(error)
      return
    }
    if (changes.some(({ entries }) => entries.length > 0)) this.saved()
    answers.forEach((answer) => answer())
    await this.storage.follow(changes)
    this.perform(effects)
    this.wake(wakeAt)
  }

  /** What is in memory may not be what is on the disk: it is opened again from there. */
  private async recover(error: unknown): Promise<void> {
    const why = error instanceof StorageError ? error : new StorageError('lost', error)
    if (why.why === 'full') {
      await this.reopen().then(
        () => this.again(this.backOff()),
        () => this.broken(why),
      )
    } else {
      this.letGo()
      this.broken(why)
    }
  }

  /** What could not be kept is sent again as soon as it is asked for: each failure soon after another waits longer. */
  private backOff(): number {
    const now = performance.now()
    this.failures = now - this.failedAt > CALM_MS ? 0 : this.failures + 1
    this.failedAt = now
    return Math.min(LONGEST_PAUSE_MS, 500 * 2 ** this.failures)
  }

  private wake(at: number | null): void {
    clearTimeout(this.timer)
    if (at === null) return
    this.timer = setTimeout(() => this.give({ event: 'tick' }), Math.max(0, at - performance.now()))
  }
}
