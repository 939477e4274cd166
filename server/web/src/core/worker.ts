/** The worker: one phone, and the calls of its page. */

import { Problem } from './api'
import type { Act, Notice, QuietHours } from './contract'
import { Device } from './device'
import { history } from './history'
import { pushKey, quietHours, setQuietHours, tellHere } from './notices'
import { Refusal } from './refusal'
import { StorageError } from './storage'

export interface Call {
  id: number
  name: string
  args: unknown[]
}

export type Said =
  | { said: 'answer'; id: number; answer: unknown }
  | { said: 'error'; id: number; error: { code: string; message: string; wait_ms?: number | undefined } }
  | { said: 'notice'; notice: Notice }
  | { said: 'lost' }

/** The worker's own side; the page's types do not know it. */
const scope = self as unknown as { postMessage(said: Said): void; onmessage: ((event: MessageEvent<Call>) => void) | null }
const say = (said: Said): void => scope.postMessage(said)

let device: Device | null = null

/** Comes when it is asked for, like the screens that ask for it. */
const taking = () => import('./export')

/** What a page may call, by name. */
const calls: Record<string, (device: Device, ...args: never[]) => unknown> = {
  forget: (phone) => phone.forget(),
  enrol: (phone, code: string) => phone.enrol(code),
  askApproval: (phone) => phone.askApproval(),
  signIn: (phone, email: string, password: string) => phone.signIn(email, password),
  signInWithBadge: (phone, code: string, pin: string) => phone.door.signInWithBadge(code, pin),
  switchTo: (phone, person: string, pin: string) => phone.door.switchTo(person, pin),
  signOut: (phone) => phone.door.signOut(),
  act: (phone, act: Act) => phone.act(act),
  scan: (phone, raw: string) => phone.scan(raw),
  resolve: (phone, raw: string) => phone.look((core) => core.resolve(raw)),
  lookedAt: (phone, act: number) => phone.lookedAt(act),
  keepFile: (phone, bytes: ArrayBuffer, mime: string, role: string | null) => phone.keepFile(bytes, mime, role),
  file: (phone, hash: string, size: 'thumb' | 'screen') => phone.files.show(hash, size),
  item: (phone, id: string) => phone.item(id),
  items: (phone, filter: object | undefined) => phone.look((core) => core.items(JSON.stringify(filter ?? {}))),
  queues: (phone) => phone.look((core) => core.queues()),
  places: (phone) => phone.look((core) => core.rows('location')),
  people: (phone) => phone.look((core) => core.rows('user')),
  history: (phone, id: string) => history(phone.api, id),
  acts: (phone) => phone.lines((core) => core.acts()),
  waitingFiles: (phone) => phone.waitingFiles(),
  journal: (phone, before: number | null, limit: number) => phone.lines((core) => core.journal(before ?? undefined, limit)),
  exportUnsent: async (phone) => (await taking()).exportFile(phone.storage, phone.known),
  exportCodes: async (phone) => (await taking()).exportCodes(phone.storage, phone.known),
  handIn: async (phone, unsent: Blob) => (await taking()).handIn(phone.api, unsent),
  pushKey: (phone) => pushKey(phone.api),
  tellHere: (phone, subscription: PushSubscriptionJSON | null) => tellHere(phone.api, phone.known.id, subscription),
  quietHours: (phone) => quietHours(phone.api),
  setQuietHours: (phone, hours: QuietHours | null) => setQuietHours(phone.api, hours),
  online: (phone, isOnline: boolean) => phone.online(isOnline),
}

scope.onmessage = ({ data }: MessageEvent<Call>) => {
  void answer(data)
}

async function answer({ id, name, args }: Call): Promise<void> {
  try {
    if (name === 'open') return await open(id, args[0] === true)
    if (name === 'close') {
      device?.close()
      device = null
      return say({ said: 'answer', id, answer: null })
    }
    const call = calls[name]
    if (device === null || call === undefined) throw new StorageError('lost', null)
    say({ said: 'answer', id, answer: (await call(device, ...(args as never[]))) ?? null })
  } catch (error) {
    say({ said: 'error', id, error: inWords(error) })
  }
}

async function open(id: number, persistent: boolean): Promise<void> {
  device?.close()
  device = await Device.open(
    (notice) => say({ said: 'notice', notice }),
    persistent,
    () => say({ said: 'lost' }),
  )
  say({ said: 'answer', id, answer: device.state() })
}

function inWords(error: unknown): { code: string; message: string; wait_ms?: number | undefined } {
  if (error instanceof Refusal) return error.refused
  if (error instanceof Problem) return { code: error.status === 0 ? 'NO_NETWORK' : error.code, message: error.message, wait_ms: error.retryAfterMs ?? undefined }
  if (error instanceof StorageError) return { code: error.why === 'elsewhere' ? 'ELSEWHERE' : error.why === 'full' ? 'FULL' : 'STORAGE', message: error.message }
  // Nobody expected it: whoever looks into it needs its trace.
  console.error(error)
  return { code: 'INTERNAL', message: String(error) }
}
