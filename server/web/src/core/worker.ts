/** The worker: one phone, and the calls of its page. */

import { Device, Refusal } from './device'
import { Problem } from './api'
import { pushKey, quietHours, setQuietHours, tellHere } from './notices'
import { StorageError } from './storage'
import type { Notice, QuietHours } from './contract'

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

/** What a page may call, by name. */
const calls: Record<string, (device: Device, ...args: never[]) => unknown> = {
  enrol: (phone, code: string) => phone.enrol(code),
  askApproval: (phone) => phone.askApproval(),
  signIn: (phone, email: string, password: string) => phone.signIn(email, password),
  signInWithBadge: (phone, code: string, pin: string) => phone.signInWithBadge(code, pin),
  switchTo: (phone, person: string, pin: string) => phone.switchTo(person, pin),
  signOut: (phone) => phone.signOut(),
  act: (phone, act: Parameters<Device['act']>[0]) => phone.act(act),
  scan: (phone, raw: string) => phone.scan(raw),
  resolve: (phone, raw: string) => phone.resolve(raw),
  lookedAt: (phone, act: number) => phone.lookedAt(act),
  keepFile: (phone, bytes: ArrayBuffer, mime: string, role: string | null) => phone.keepFile(bytes, mime, role),
  file: (phone, hash: string, size: 'thumb' | 'screen') => phone.file(hash, size),
  item: (phone, id: string) => phone.item(id),
  items: (phone, filter: object | undefined) => phone.items(filter),
  queues: (phone) => phone.queues(),
  places: (phone) => phone.places(),
  people: (phone) => phone.persons(),
  history: (phone, id: string) => phone.history(id),
  acts: (phone) => phone.acts(),
  journal: (phone, before: number | null, limit: number) => phone.journal(before, limit),
  exportUnsent: (phone) => phone.exportUnsent(),
  exportCodes: (phone) => phone.exportCodes(),
  pushKey: (phone) => pushKey(phone.api),
  tellHere: (phone, subscription: PushSubscriptionJSON | null) => tellHere(phone.api, phone.id, subscription),
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
