/**
 * The WebAssembly core and its storage: every call is committed before its answer is given and its effects are done.
 *
 * Calls that come while a commit is under way are made together and committed together, so many scans at once cost one write.
 * When a commit fails, the core in memory is thrown away and another one opened from what is kept.
 */

import init, { Core } from './wasm/core'
import wasm from './wasm/core_bg.wasm?url'
import { StorageError, type Storage } from './storage'
import type { Came, Changes, Doing, Happened } from './wire'

/** Calls made before one commit. */
const GROUP = 64

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
  private readonly bootId = crypto.randomUUID()

  private constructor(
    private readonly storage: Storage,
    private readonly opening: Opening,
    private readonly perform: (doing: Doing[]) => void,
    private readonly broken: (error: StorageError) => void,
    /** What a core that was opened again has to be told: who is signed in, and whether to connect. */
    private readonly again: (floor: Floor) => void,
  ) {}

  static async open(
    storage: Storage,
    opening: Opening,
    perform: (doing: Doing[]) => void,
    broken: (error: StorageError) => void,
    again: (floor: Floor) => void,
  ): Promise<Floor> {
    await init({ module_or_path: wasm })
    const floor = new Floor(storage, opening, perform, broken, again)
    await floor.reopen()
    return floor
  }

  close(): void {
    clearTimeout(this.timer)
    this.core?.free()
    this.core = null
    for (const call of this.calls.splice(0)) call.reject(new StorageError('elsewhere', null))
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
    this.core?.free()
    this.core = null
    const seed = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
    const opening = { ...this.opening, boot_id: this.bootId, seed, time: Date.now() }
    const core = Core.open(JSON.stringify(opening), JSON.stringify(kept))
    const { changes } = JSON.parse(core.opened()) as Came<null>
    await this.storage.write([changes])
    this.core = core
  }

  private async pump(): Promise<void> {
    if (this.pumping || this.core === null) return
    this.pumping = true
    while (this.calls.length > 0 && this.core !== null) await this.group(this.core, this.calls.splice(0, GROUP))
    this.pumping = false
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
    answers.forEach((answer) => answer())
    this.perform(effects)
    this.wake(wakeAt)
  }

  /** What is in memory may not be what is on the disk: it is opened again from there. */
  private async recover(error: unknown): Promise<void> {
    const why = error instanceof StorageError ? error : new StorageError('lost', error)
    if (why.why === 'full') {
      await this.reopen().then(
        () => this.again(this),
        () => this.broken(why),
      )
    } else {
      this.core?.free()
      this.core = null
      this.broken(why)
    }
  }

  private wake(at: number | null): void {
    clearTimeout(this.timer)
    if (at === null) return
    this.timer = setTimeout(() => this.give({ event: 'tick' }), Math.max(0, at - performance.now()))
  }
}
