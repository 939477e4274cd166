/** Requests to the server: who sends them, sent again with the nonce or the token that is asked for, and the problem they may end in. */

import { prove } from './key'
import type { OpenFailure } from './wire'

/** A refused request, as RFC 9457 tells it; status 0 when no answer of ours came: no network, or a portal that answers for the server. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterMs: number | null = null,
  ) {
    super(message)
  }
}

export interface Tokens {
  access_token: string
  expires_in: number
  refresh_token: string
  user: { id: string; name: string; organization_id: string; roles: string[]; permissions: string[] }
}

/** Who a request comes from. `device`: it proves this phone; `bearer`: a person; both where a phone sends a person's work. */
export type Sender = 'nobody' | 'bearer' | 'device' | 'device_and_bearer'

export interface Asked {
  method?: string
  body?: BodyInit | null
  headers?: Record<string, string>
  from?: Sender
  /** Milliseconds. */
  within?: number
}

const WITHIN = 30_000

export class Api {
  private nonce: string | null = null
  private access: { token: string; until: number } | null = null
  private renewing: Promise<string> | null = null
  private refreshToken: string | null = null

  constructor(
    private readonly key: () => CryptoKeyPair | null,
    /** A new refresh token is durable before the old one is let go. */
    private readonly keep: (tokens: Tokens) => Promise<void>,
  ) {}

  /** Works for this person from now on; null: for nobody. */
  use(refreshToken: string | null, tokens: Tokens | null): void {
    this.refreshToken = tokens?.refresh_token ?? refreshToken
    this.access = tokens === null ? null : { token: tokens.access_token, until: until(tokens) }
    this.renewing = null
  }

  get signedIn(): boolean {
    return this.refreshToken !== null
  }

  async json<T>(path: string, asked: Asked & { json?: unknown } = {}): Promise<T> {
    const { json, ...rest } = asked
    const sent = json === undefined ? rest : { ...rest, body: JSON.stringify(json), headers: { 'Content-Type': 'application/json', ...rest.headers } }
    return read<T>(await this.send(path, sent))
  }

  /** The whole text, which must be of the kind that was asked for: a captive portal answers 200 to everything. */
  async text(path: string, kind: string): Promise<string> {
    const response = await this.send(path, { from: 'bearer', within: 120_000 })
    if (!(response.headers.get('Content-Type') ?? '').includes(kind)) throw notOurs()
    return response.text()
  }

  /** Answers with whatever status is a success, throws what is not. */
  async send(path: string, asked: Asked = {}): Promise<Response> {
    return checked(await this.sendOnce(path, asked))
  }

  /** The response as it came, but for what is mended by asking again. */
  async sendOnce(path: string, asked: Asked): Promise<Response> {
    let nonces = 0
    let renewed = false
    for (;;) {
      const token = await this.tokenFor(asked.from ?? 'bearer', renewed)
      const response = await this.fetched(path, asked, token)
      const code = response.status === 401 ? await codeOf(response.clone()) : null
      if (code === 'use_dpop_nonce' && nonces < 2) nonces += 1
      else if (code === 'NOT_SIGNED_IN' && token !== null && !renewed) renewed = true
      else return response
    }
  }

  private async fetched(path: string, asked: Asked, token: string | null): Promise<Response> {
    const method = asked.method ?? 'GET'
    const url = new URL(path, location.origin)
    const headers = new Headers(asked.headers)
    if (token !== null) headers.set('Authorization', `Bearer ${token}`)
    const key = this.key()
    if (key !== null && (asked.from === 'device' || asked.from === 'device_and_bearer')) {
      headers.set('DPoP', await prove(key, { method, url: url.origin + url.pathname, token, nonce: this.nonce }))
    }
    let response: Response
    try {
      response = await fetch(url, {
        method,
        headers,
        body: asked.body ?? null,
        cache: 'no-store',
        redirect: 'error',
        credentials: 'omit',
        signal: AbortSignal.timeout(asked.within ?? WITHIN),
      })
    } catch (error) {
      throw new Problem(0, 'UNREACHABLE', String(error))
    }
    this.nonce = response.headers.get('DPoP-Nonce') ?? this.nonce
    return response
  }

  private async tokenFor(from: Sender, renew: boolean): Promise<string | null> {
    switch (from) {
      case 'nobody':
      case 'device':
        return null
      case 'bearer':
        return this.token(renew)
      case 'device_and_bearer':
        // A blocked phone may still hand in what it holds, whoever is signed in.
        return this.token(renew).catch((error: unknown) => {
          if (error instanceof Problem && (error.status === 401 || error.status === 403)) return null
          throw error
        })
    }
  }

  private token(renew: boolean): Promise<string> {
    if (!renew && this.access !== null && performance.now() < this.access.until) return Promise.resolve(this.access.token)
    this.renewing ??= this.renew().finally(() => (this.renewing = null))
    return this.renewing
  }

  private async renew(): Promise<string> {
    const refreshToken = this.refreshToken
    if (refreshToken === null) throw new Problem(401, 'NOT_SIGNED_IN', 'Nobody is signed in.')
    const tokens = await this.json<Tokens>('/v1/auth/refresh', {
      method: 'POST',
      from: 'device',
      json: { refresh_token: refreshToken },
    })
    const isTheirs = (): boolean => this.refreshToken === refreshToken
    if (isTheirs()) await this.keep(tokens)
    // Keeping them takes a moment as well.
    if (!isTheirs()) throw new Problem(401, 'NOT_SIGNED_IN', 'Someone else signed in meanwhile.')
    this.use(null, tokens)
    return tokens.access_token
  }
}

/** What a failed request means for the connection. */
export function openFailure(error: unknown): { why: OpenFailure; after_ms?: number } {
  if (!(error instanceof Problem) || error.status === 0) return { why: 'unreachable' }
  if (error.status === 403 && error.code === 'DEVICE_REVOKED') return { why: 'revoked' }
  if (error.status === 401 || error.status === 403) return { why: 'signed_out' }
  return { why: 'busy', after_ms: error.retryAfterMs ?? 1_000 }
}

function until(tokens: Tokens): number {
  return performance.now() + Math.max(0, tokens.expires_in - 30) * 1_000
}

async function read<T>(response: Response): Promise<T> {
  if (!(response.headers.get('Content-Type') ?? '').includes('json')) throw notOurs()
  return (await response.json()) as T
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response
  const after = Number(response.headers.get('Retry-After') ?? Number.NaN)
  const problem = (await response.json().catch(() => null)) as { code?: string; detail?: string; title?: string } | null
  if (problem?.code === undefined) throw response.status < 500 ? notOurs() : new Problem(response.status, '', response.statusText)
  throw new Problem(response.status, problem.code, problem.detail ?? problem.title ?? '', Number.isFinite(after) ? after * 1_000 : null)
}

async function codeOf(response: Response): Promise<string | null> {
  const problem = (await response.json().catch(() => null)) as { code?: string } | null
  return problem?.code ?? null
}

/** Someone else answered: a captive portal, a proxy. That is no network. */
export function notOurs(): Problem {
  return new Problem(0, 'NOT_OURS', 'The answer did not come from the server.')
}
