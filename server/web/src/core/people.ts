/**
 * The people of this phone: who may work on it, with and without a network.
 *
 * A PIN that the server has accepted is kept as a slow hash, so that its owner can take the phone over again without a network, for as long as a
 * lease lasts. It opens this phone's app for them and nothing else: their refresh token is good only with this phone's key.
 */

import type { Tokens } from './api'
import { utf8 } from './key'
import type { KeptPerson, Storage } from './storage'

/** As long as a lease lasts. */
const OFFLINE_MS = 16 * 60 * 60 * 1_000
const ROUNDS = 600_000

export class People {
  private constructor(
    private readonly storage: Storage,
    private readonly known: Map<string, KeptPerson>,
    private current: string | null,
  ) {}

  static async of(storage: Storage): Promise<People> {
    const [known, current] = await Promise.all([storage.people(), storage.current()])
    return new People(storage, new Map(known.map((person) => [person.id, person])), current)
  }

  get all(): KeptPerson[] {
    return [...this.known.values()].sort((one, other) => one.name.localeCompare(other.name))
  }

  get now(): KeptPerson | null {
    return this.current === null ? null : (this.known.get(this.current) ?? null)
  }

  async use(id: string | null): Promise<void> {
    await this.storage.setCurrent(id)
    this.current = id
  }

  /** The server has said who they are. */
  async keep(tokens: Tokens, secret: { badge: string; pin: string } | null): Promise<KeptPerson> {
    const before = this.known.get(tokens.user.id)
    const { id, name, organization_id, roles, permissions } = tokens.user
    const person: KeptPerson = {
      id,
      name,
      organization_id,
      roles,
      permissions,
      refresh_token: tokens.refresh_token,
      badge: secret?.badge ?? before?.badge ?? null,
      pin: secret === null ? (before?.pin ?? null) : await slowHash(secret.pin),
      seen_time: Date.now(),
    }
    await this.storage.setPerson(person)
    this.known.set(id, person)
    return person
  }

  /** Their session has ended: they sign in again before anything more is sent for them. */
  async end(id: string): Promise<void> {
    const person = this.known.get(id)
    if (person === undefined) return
    const ended = { ...person, refresh_token: null }
    await this.storage.setPerson(ended)
    this.known.set(id, ended)
  }

  /** The server did not take this PIN: if it is the one that is kept here, that is none any more. */
  async doubt(id: string, pin: string): Promise<void> {
    const person = this.known.get(id)
    if (!person?.pin || !(await isPin(person.pin, pin))) return
    const doubted = { ...person, pin: { ...person.pin, hash: new ArrayBuffer(0) } }
    await this.storage.setPerson(doubted)
    this.known.set(id, doubted)
  }

  byBadge(code: string): KeptPerson | null {
    return this.all.find((person) => person.badge === code) ?? null
  }

  find(id: string): KeptPerson | null {
    return this.known.get(id) ?? null
  }

  /** Whether the PIN is theirs and the lease still runs; without a network nobody else can say. */
  async mayGoOn(person: KeptPerson, pin: string): Promise<'yes' | 'wrong_pin' | 'too_long_ago'> {
    if (person.pin === null || !(await isPin(person.pin, pin))) return 'wrong_pin'
    return Math.abs(Date.now() - person.seen_time) < OFFLINE_MS ? 'yes' : 'too_long_ago'
  }
}

async function isPin(kept: NonNullable<KeptPerson['pin']>, pin: string): Promise<boolean> {
  return sameBytes((await slowHash(pin, kept.salt, kept.rounds)).hash, kept.hash)
}

async function slowHash(
  pin: string,
  salt: ArrayBuffer = crypto.getRandomValues(new Uint8Array(16)).buffer,
  rounds = ROUNDS,
): Promise<{ salt: ArrayBuffer; hash: ArrayBuffer; rounds: number }> {
  const key = await crypto.subtle.importKey('raw', utf8(pin), 'PBKDF2', false, ['deriveBits'])
  const hash = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds }, key, 256)
  return { salt, hash, rounds }
}

function sameBytes(one: ArrayBuffer, other: ArrayBuffer): boolean {
  const [left, right] = [new Uint8Array(one), new Uint8Array(other)]
  return left.length === right.length && left.every((byte, place) => byte === right[place])
}
