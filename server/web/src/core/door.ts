/** The ways to begin working on this phone, and to end: a password, a badge with its PIN, the PIN alone for who has been here. */

import { Problem, type Api, type Tokens } from './api'
import type { Id } from './contract'
import type { People } from './people'
import { Refusal } from './refusal'
import type { KeptPerson } from './storage'

/** How long somebody stands at the door for an answer that the phone can do without. */
const WITHIN = 5_000

export class Door {
  constructor(
    private readonly api: Api,
    private readonly people: People,
    /** Somebody works here from now on; null: nobody. */
    private readonly entered: (person: KeptPerson | null) => void,
  ) {}

  async signIn(email: string, password: string, from: 'device' | 'nobody'): Promise<void> {
    const tokens = await this.api.json<Tokens>('/v1/auth/login', { method: 'POST', from, json: { email, password } })
    await this.enter(tokens, null)
  }

  /** The server's word counts; only where it has none, the phone's own: no network, or a server that cannot do anything now. */
  async signInWithBadge(code: string, pin: string): Promise<void> {
    const known = this.people.byBadge(code)
    try {
      const tokens = await this.api.json<Tokens>('/v1/auth/badge', { method: 'POST', from: 'device', json: { code, pin }, ...(known && { within: WITHIN }) })
      await this.enter(tokens, { badge: code, pin })
    } catch (error) {
      if (known === null || !(error instanceof Problem)) throw error
      if (error.code === 'WRONG_CREDENTIALS') await this.people.doubt(known.id, pin)
      if (error.status > 0 && error.status < 500) throw error
      await this.goOn(known, pin)
    }
  }

  async switchTo(id: Id, pin: string): Promise<void> {
    const person = this.people.find(id)
    if (person?.badge) await this.signInWithBadge(person.badge, pin)
    else await this.goOn(person, pin)
  }

  async signOut(): Promise<void> {
    const person = this.people.now
    if (person === null) return
    await this.api.send('/v1/auth/logout', { method: 'POST', within: WITHIN }).catch(() => undefined)
    await this.people.end(person.id)
    await this.people.use(null)
    this.api.use(null, null)
    this.entered(null)
  }

  private async goOn(person: KeptPerson | null, pin: string): Promise<void> {
    const may = person === null ? 'wrong_pin' : await this.people.mayGoOn(person, pin)
    if (person === null || may !== 'yes') throw new Refusal({ code: may === 'too_long_ago' ? 'SIGN_IN_AGAIN' : 'WRONG_PIN', message: may })
    await this.people.use(person.id)
    this.api.use(person.refresh_token, null)
    this.entered(person)
  }

  private async enter(tokens: Tokens, secret: { badge: string; pin: string } | null): Promise<void> {
    const person = await this.people.keep(tokens, secret)
    await this.people.use(person.id)
    this.api.use(null, tokens)
    this.entered(person)
  }
}
