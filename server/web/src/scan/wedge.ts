import type { Terminator } from '../app/preferences.svelte'
import { readLabelCode } from './label_code'

/** A hand scanner leaves no more than this between two keys. People take several times as long. */
const FASTEST_HAND_MS = 40
/** How long a piece of a code waits for its other piece. */
const PIECE_WAITS_MS = 600
/** How often the wedge wants to be told that time goes by. */
export const TICK_MS = 50
/** What a tick that came late counts for: not nothing, or a phone that is always busy would wait for ever. */
const DEAF_TICK_MS = 10
const SHORTEST = 4
/** In a field where a person types, a burst must be beyond doubt. */
const SHORTEST_IN_FIELD = 6

export interface Key {
  key: string
  time: number
  inField: boolean
  /** Whether a text is what the field is there for: a gauge types its reading where a reading is asked for. */
  isForField?: (text: string) => boolean
}

export interface Heard {
  /** The key belongs to a scanner and must not do what it does otherwise. */
  swallow: boolean
  /** What the scanner typed must be taken out of the field again. */
  clean: boolean
}

interface Burst {
  text: string
  last: number
  isForField?: Key['isForField']
}

const NOT_OURS: Heard = { swallow: false, clean: false }

/**
 * Tells a hand scanner that types from a person who types, by speed. Knows nothing of the page: keys go in, codes come out.
 * A code that comes in two pieces (a slow radio, a stray terminator) is put together when the pieces make one sound label.
 */
export class Wedge {
  private burst: Burst | null = null
  private piece: Burst | null = null
  /** By the keys' own clock. */
  private time = 0
  private tickedAt = 0

  constructor(
    private readonly terminator: () => Terminator,
    private readonly deliver: (code: string) => void,
  ) {}

  /** No burst is under way: what is in a field now was typed by a person. */
  get isQuiet(): boolean {
    return this.burst === null && this.piece === null
  }

  /** The same when a key of this time is heard, be it right behind what a person typed. */
  isQuietAt(time: number): boolean {
    const { burst, piece } = this
    return piece === null && (burst === null || time - burst.last > (burst.text.length < SHORTEST ? FASTEST_HAND_MS : PIECE_WAITS_MS))
  }

  /** `now`: when the key is heard, which a busy phone does late. */
  press({ key, time, inField, isForField }: Key, now = time): Heard {
    this.time = time
    this.tickedAt = now
    if (this.burst && time - this.burst.last > PIECE_WAITS_MS) this.burst = null
    this.settle(time)
    if (key === 'Shift' || key === 'CapsLock') return NOT_OURS
    if (key === this.terminator()) return this.end(time, inField)
    if (key.length !== 1) {
      this.burst = null
      return NOT_OURS
    }
    if (this.burst && time - this.burst.last <= FASTEST_HAND_MS) {
      this.burst = { ...this.burst, text: this.burst.text + key, last: time }
      return { swallow: !inField && this.burst.text.length > 2, clean: false }
    }
    this.setAside()
    this.burst = { text: key, last: time, isForField }
    return NOT_OURS
  }

  /**
   * Time goes by; to be called every {@link TICK_MS} while the wedge is not quiet. Time in which the page could hear nothing hardly counts:
   * keys that were pressed meanwhile are still to come, and their own times say what belongs together.
   */
  pass(now: number): Heard {
    const went = now - this.tickedAt
    this.time += went > 2 * TICK_MS ? DEAF_TICK_MS : went
    this.tickedAt = now
    return this.settle(this.time)
  }

  private settle(time: number): Heard {
    const { burst, piece } = this
    if (burst && this.terminator() === 'pause' && time - burst.last > 2 * FASTEST_HAND_MS && (piece || burst.text.length >= SHORTEST)) {
      this.burst = null
      if (isForField(burst)) return NOT_OURS
      this.take(burst.text, burst.last)
      return { swallow: false, clean: true }
    }
    if (burst && time - burst.last > PIECE_WAITS_MS) this.burst = null
    if (piece && time - piece.last > PIECE_WAITS_MS && !this.burst) {
      this.piece = null
      if (this.isTerminated) this.deliver(piece.text)
    }
    return NOT_OURS
  }

  private isTerminated = false

  private end(time: number, inField: boolean): Heard {
    const burst = this.burst
    this.burst = null
    if (!burst || time - burst.last > FASTEST_HAND_MS) return NOT_OURS
    const shortest = this.piece ? 1 : inField ? SHORTEST_IN_FIELD : SHORTEST
    if (burst.text.length < shortest || isForField(burst)) return NOT_OURS
    this.take(burst.text, time)
    return { swallow: true, clean: inField }
  }

  /** A burst that stopped without its end may be the first piece of a code. */
  private setAside(): void {
    if (!this.burst || this.piece || this.burst.text.length < SHORTEST || isForField(this.burst)) return
    this.piece = this.burst
    this.isTerminated = false
  }

  private take(text: string, time: number): void {
    const before = this.piece
    this.piece = null
    if (before) {
      const joined = before.text + text
      if (isSound(joined) || (!this.isTerminated && !isSound(text))) return this.deliver(joined)
      if (this.isTerminated) this.deliver(before.text)
    }
    if (mayBePiece(text)) {
      this.piece = { text, last: time }
      this.isTerminated = true
    } else {
      this.deliver(text)
    }
  }
}

function isForField(burst: Burst): boolean {
  return burst.isForField?.(burst.text) ?? false
}

function isSound(text: string): boolean {
  return readLabelCode(text)?.sound ?? false
}

function mayBePiece(text: string): boolean {
  return !isSound(text) && /^(https?:|[MPW][0-9A-Z]{0,14}$)/i.test(text)
}
