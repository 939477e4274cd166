import { beforeEach, expect, test } from 'vitest'

import { Problem, type Api, type Tokens } from './api'
import { Door } from './door'
import { People } from './people'
import { Refusal } from './refusal'
import type { KeptPerson, Storage } from './storage'

const HOUR = 60 * 60 * 1_000
const OFFLINE = new Problem(0, 'UNREACHABLE', '')
const WRONG = new Problem(401, 'WRONG_CREDENTIALS', '')

let kept: Map<string, KeptPerson>
let pin: string
let down: Problem | null
let asked: number
/** The refresh token that the phone sends by now. */
let using: string | null
let people: People
let door: Door

const storage = {
  people: async () => [...kept.values()],
  current: async () => null,
  setCurrent: async () => undefined,
  setPerson: async (person: KeptPerson) => void kept.set(person.id, person),
} as unknown as Storage

const api = {
  json: async (_path: string, { json }: { json: { code: string; pin: string } }): Promise<Tokens> => {
    asked += 1
    if (down !== null) throw down
    if (json.pin !== pin) throw WRONG
    return { access_token: 'a', expires_in: 60, refresh_token: `r${asked}`, user: { id: 'ana', name: 'Ana', organization_id: 'o', roles: [], permissions: [] } }
  },
  send: async () => new Response(),
  use: (refreshToken: string | null, tokens: Tokens | null) => void (using = tokens?.refresh_token ?? refreshToken),
} as unknown as Api

/** The app is opened, with what is kept on the phone. */
async function opens(): Promise<void> {
  people = await People.of(storage)
  door = new Door(api, people, () => undefined)
}

async function comesBackAfter(time: number): Promise<void> {
  kept.set('ana', { ...kept.get('ana')!, seen_time: Date.now() - time })
  await opens()
}

const switched = (entered: string): Promise<string> =>
  door.switchTo('ana', entered).then(
    () => 'in',
    (error: unknown) => (error instanceof Refusal ? error.refused.code : (error as Problem).code),
  )

beforeEach(async () => {
  ;[kept, pin, down, asked, using] = [new Map(), '2580', null, 0, null]
  await opens()
  await door.signInWithBadge('W1', '2580')
})

test('who signed out and comes back by PIN is signed in at the server again', async () => {
  await door.signOut()
  expect(using).toBeNull()
  expect([await switched('2580'), using]).toEqual(['in', 'r2'])
})

test('with a network a PIN is enough however long ago its owner was here, and then without one for a lease', async () => {
  await comesBackAfter(17 * HOUR)
  down = OFFLINE
  expect(await switched('2580')).toBe('SIGN_IN_AGAIN')
  down = null
  expect(await switched('2580')).toBe('in')
  down = OFFLINE
  expect(await switched('2580')).toBe('in')
})

test('after a PIN was changed the old one is refused, without a network too, and the new one lets in', async () => {
  pin = '1379'
  expect(await switched('2580')).toBe('WRONG_CREDENTIALS')
  down = OFFLINE
  expect(await switched('2580')).toBe('WRONG_PIN')
  await opens()
  expect(await switched('2580')).toBe('WRONG_PIN')
  down = null
  expect(await switched('1379')).toBe('in')
  down = OFFLINE
  expect([await switched('2580'), await switched('1379')]).toEqual(['WRONG_PIN', 'in'])
})

test('a slip leaves the PIN that is kept as it is', async () => {
  expect(await switched('2581')).toBe('WRONG_CREDENTIALS')
  down = OFFLINE
  expect(await switched('2580')).toBe('in')
})

for (const [answer, problem, becomes] of [
  ['no answer', OFFLINE, 'in'],
  ['a server that is overloaded', new Problem(503, 'UNAVAILABLE', ''), 'in'],
  ['a proxy without its server', new Problem(502, '', ''), 'in'],
  ['a badge that is shut after too many tries', new Problem(429, 'TOO_MANY', ''), 'TOO_MANY'],
  ['a phone that was blocked', new Problem(403, 'DEVICE_REVOKED', ''), 'DEVICE_REVOKED'],
] as const) {
  test(`with ${answer} the right PIN ${becomes === 'in' ? 'lets in by the phone’s own word' : 'lets nobody in'}`, async () => {
    down = problem
    expect([await switched('2580'), asked]).toEqual([becomes, 2])
  })
}
