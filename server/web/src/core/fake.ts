/**
 * A core that invents its floor and forgets it with the page: for making and testing screens in Vite's dev mode (`?fake`). What follows the
 * sign chooses where it begins: `?fake=unenrolled`, `pending`, `broken`, `elsewhere`, `starting`, `signed_out`, `session_over`, `cards`, `unsafe`, `stop`, `many`, `offline`.
 */
import { checkCharacters, readLabelCode } from '../scan/label_code'
import { REASONS } from '../words/why'
import type { Act, ActLine, Core, Entry, HandedIn, ItemLine, ItemView, Notice, Phase, QuietHours, Refused, Resolved, Scanned, State, WaitingFile } from './contract'
import { labelBody, makeItem, makeQueues, ME, PEOPLE, PLACES } from './fake_floor'

const COUNT = 60

export function openFake(how: string): Core {
  return new Fake(how)
}

class Fake implements Core {
  private listeners = new Set<(notice: Notice) => void>()
  private items_ = new Map<string, ItemView>()
  private acts_: ActLine[] = []
  private files = new Map<string, Blob>()
  private scans = new Map<string, number>()
  private nextAct = 1
  private quiet: QuietHours | null = null
  private now: State

  constructor(how: string) {
    const many = how === 'many' ? 1000 : COUNT
    for (let number = 1; number <= many; number++) this.items_.set(`i-${number}`, makeItem(number))
    const phase: Phase = ['unenrolled', 'pending', 'broken', 'elsewhere', 'starting'].find((known) => known === how) as Phase | undefined ?? 'ready'
    this.now = {
      phase,
      problem: phase === 'broken' ? 'UnknownError: Internal error opening backing store for indexedDB.open.' : null,
      device: phase === 'unenrolled' ? null : { id: 'd-1', name: 'Phone 12', site_id: 'site', digits: phase === 'pending' ? '407193' : null },
      person: how === 'signed_out' ? null : { id: ME, name: 'Ana Ruiz', roles: ['operator'], permissions: ['item:act', 'item:advance', 'item:assign', 'item:flag', 'item:hold', 'item:move', 'item:rework', 'item:scrap', 'item:view', 'shift:work', 'label:manage'] },
      people: [
        { id: ME, name: 'Ana Ruiz', unsent: 3, has_pin: true },
        { id: 'u-kim', name: 'Kim Tran', unsent: 0, has_pin: true },
        { id: 'u-rafi', name: 'Rafi Ahmed', unsent: 12, has_pin: false },
      ],
      link: how === 'signed_out' || how === 'session_over' ? 'signed_out' : how === 'offline' ? 'down' : 'live',
      unsent: 0,
      oldest_unsent_time: null,
      unsent_photos: { count: 0, bytes: 0 },
      cards: 0,
      stops: [],
      persistent: how !== 'unsafe',
      full: false,
      clock_ahead_ms: how === 'unsafe' ? 3_900_000 : null,
      floor: { cursor: 88_190, items: many, loaded_time: Date.now() - 40_000 },
      shift: { site_id: 'site', location_id: 'line-4', team_id: null },
    }
    this.invent(how)
    this.count()
  }

  state(): State {
    return this.now
  }

  subscribe(listen: (notice: Notice) => void): () => void {
    this.listeners.add(listen)
    return () => this.listeners.delete(listen)
  }

  async takeOver(): Promise<void> {
    this.change({ phase: 'ready' })
  }

  async forget(): Promise<void> {
    this.change({ phase: 'unenrolled', person: null })
  }

  async reopen(): Promise<void> {
    await pause(400)
    this.change({ phase: 'ready', problem: null })
  }

  async enrol(code: string): Promise<string> {
    await pause(300)
    if (code.trim().length < 4) throw new Error('no such code')
    this.change({ phase: 'pending', device: { id: 'd-1', name: 'Phone 12', site_id: 'site', digits: '407193' } })
    return '407193'
  }

  async askApproval(): Promise<void> {
    await pause(300)
    this.change({ phase: 'ready' })
  }

  async signIn(email: string, password: string): Promise<void> {
    await pause(300)
    if (password.length < 3) throw new Error('wrong')
    this.enter(email.startsWith('kim') ? 'u-kim' : ME)
  }

  async signInWithBadge(code: string, pin: string): Promise<void> {
    await pause(300)
    if (!code || pin === '0000') throw new Error('wrong')
    this.enter('u-kim')
  }

  async switchTo(person: string, pin: string): Promise<void> {
    await pause(200)
    if (pin === '0000') throw new Error('wrong')
    this.enter(person)
  }

  async signOut(): Promise<void> {
    this.change({ person: null, link: 'signed_out' })
  }

  async act(act: Act): Promise<Entry> {
    await pause(15)
    if (!this.now.person) throw refused('SIGNED_OUT')
    const line = this.line(act)
    this.acts_.unshift(line)
    this.book(act, line)
    this.count()
    this.tell({ kind: 'floor' })
    if (this.now.link === 'live') void this.send(line)
    return { stream_id: 's', seq: line.act }
  }

  async scan(raw: string): Promise<Scanned> {
    const before = this.scans.get(raw)
    const time = Date.now()
    this.scans.set(raw, time)
    const resolved = await this.resolve(raw)
    if (before && time - before < 10_000) return { act: null, resolved, action_id: null, again: { by: ME, name: 'Ana Ruiz', time: before } }
    if (resolved.kind === 'unsound') return { act: null, resolved, action_id: null, again: null }
    const item = resolved.kind === 'item' ? this.items_.get(resolved.id) : undefined
    const open = item?.actions.find((action) => action.kind === 'scan' && action.state === 'open' && action.config['expected'] === 'this_item')
    const { seq: act } = await this.act(
      item && open
        ? { op: 'action.complete', item_id: item.id, action_id: open.id, data: { raw } }
        : { op: 'scan.record', ...(item ? { item_id: item.id } : {}), data: { raw } },
    )
    if (item?.status === 'scrapped') this.stopAt(act)
    return { act, resolved, action_id: open?.id ?? null, again: null }
  }

  async resolve(raw: string): Promise<Resolved> {
    const text = raw.trim()
    const named = /^(item|location|user|action):(.+)$/.exec(text)
    const known = [...this.items_.values()].find((item) => item.code === text || item.id === named?.[2])
    if (known) return { kind: 'item', id: known.id, code: known.code }
    const place = PLACES.find((one) => one.id === named?.[2])
    if (place) return { kind: 'location', id: place.id, name: place.name }
    const person = PEOPLE.find((one) => one.id === named?.[2])
    if (person) return { kind: 'user', id: person.id, name: person.name }
    const code = readLabelCode(text)
    if (!code) return { kind: 'text', text }
    if (!code.sound) return { kind: 'unsound', code: code.text }
    const number = [...this.items_.keys()].findIndex((_, index) => `M${labelBody(index + 1)}` === code.text.slice(0, 13))
    if (number >= 0) return { kind: 'item', id: `i-${number + 1}`, code: code.text }
    if (code.text.startsWith('M0')) return { kind: 'blank', code: code.text }
    if (code.text.startsWith('M1')) return { kind: 'revoked', code: code.text }
    return { kind: 'foreign', code: code.text }
  }

  async lookedAt(act: number): Promise<void> {
    this.acts_ = this.acts_.filter((line) => line.act !== act)
    this.count()
    this.tell({ kind: 'floor' })
  }

  async keepFile(bytes: ArrayBuffer, mime: string, role: string | null): Promise<{ sha256: string; size: number; mime: string; role: string | null }> {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    this.files.set(sha256, new Blob([bytes], { type: mime }))
    return { sha256, size: bytes.byteLength, mime, role }
  }

  async file(sha256: string, size: 'thumb' | 'screen'): Promise<Blob | null> {
    return this.files.get(sha256) ?? drawn(sha256, size === 'thumb' ? 160 : 800)
  }

  async item(id: string): Promise<ItemView | null> {
    const item = this.items_.get(id)
    return item ? structuredClone({ ...item, next: nextOf(item), acts: this.acts_.filter((line) => line.item_id === id) }) : null
  }

  async items(filter: NonNullable<Parameters<Core['items']>[0]> = {}): Promise<{ items: ItemLine[]; total: number }> {
    const wanted = filter.text?.toUpperCase() ?? ''
    const found = [...this.items_.values()].filter(
      (item) =>
        item.code.includes(wanted) &&
        (!filter.stage || item.stage === filter.stage) &&
        (!filter.place || item.location_id === filter.place) &&
        (!filter.assigned_to || item.assigned_to === filter.assigned_to) &&
        (filter.status === 'all' || !['completed', 'scrapped', 'cancelled'].includes(item.status)),
    )
    const from = filter.offset ?? 0
    return { items: found.slice(from, from + (filter.limit ?? found.length)), total: found.length }
  }

  async queues(): ReturnType<Core['queues']> {
    return makeQueues([...this.items_.values()])
  }

  async places(): ReturnType<Core['places']> {
    return PLACES
  }

  async people(): ReturnType<Core['people']> {
    return PEOPLE
  }

  async history(id: string): ReturnType<Core['history']> {
    await pause(250)
    if (this.now.link !== 'live') throw new Error('no network')
    const item = this.items_.get(id)
    const past = Date.now() - 3_600_000
    return [
      { kind: 'item.created', by_name: 'Kim Tran', at: new Date(past - 9e6).toISOString(), data: {} },
      { kind: 'item.advanced', by_name: 'Rafi Ahmed', at: new Date(past).toISOString(), data: { to: item?.stage } },
      { kind: 'action.completed', by_name: 'Kim Tran', at: new Date(past + 2e6).toISOString(), data: { action_id: item?.actions[0]?.id } },
    ]
  }

  async acts(): Promise<ActLine[]> {
    return this.acts_.filter((line) => line.state !== 'confirmed' || line.attention !== 'none')
  }

  async waitingFiles(): Promise<WaitingFile[]> {
    const files = this.acts_.flatMap((line) => line.files).filter((file) => !file.done)
    return files.map(({ sha256, size, sent }, place) => ({ sha256, size, sent, refused: place === 1 ? 'The bytes are no picture.' : null }))
  }

  async journal(before: number | null, limit: number): Promise<ActLine[]> {
    return this.acts_.filter((line) => before === null || line.act < before).slice(0, limit)
  }

  async exportUnsent(): Promise<Blob> {
    return new Blob([JSON.stringify(await this.acts())], { type: 'application/json' })
  }

  async exportCodes(): Promise<string[]> {
    return Array.from({ length: 4 }, (_, index) => `FLOORLINE:${index + 1}/4:${labelBody(index + 1).repeat(30)}`)
  }

  async handIn(): Promise<HandedIn> {
    await pause(600)
    return { entries: 23, known: 0, applied: 21, noop: 0, rejected: 0, parked: 2, pruned: 0, photos: 4, photos_known: 1, photos_refused: [] }
  }

  async pushKey(): Promise<string | null> {
    return 'BNNL5ZaTfK81qhXOx23-wewhigUeFb632jN6LvRWCFH1ubQr77FE_9qV1FuojuRmHP42zmf34rXgW80OvUVDgTk'
  }

  async tellHere(): Promise<void> {
    await pause(100)
  }

  async quietHours(): Promise<QuietHours | null> {
    return this.quiet
  }

  async setQuietHours(hours: QuietHours | null): Promise<void> {
    this.quiet = hours
  }

  private enter(id: string): void {
    const known = PEOPLE.find((person) => person.id === id) ?? { id, name: 'Rafi Ahmed' }
    const permissions = this.now.person?.permissions ?? ['item:act', 'item:advance', 'item:flag', 'item:move', 'item:view', 'shift:work']
    this.change({ phase: 'ready', person: { ...known, roles: ['operator'], permissions }, link: 'live' })
  }

  private change(part: Partial<State>): void {
    this.now = { ...this.now, ...part }
    this.tell({ kind: 'state', state: this.now })
  }

  private tell(notice: Notice): void {
    for (const listen of this.listeners) listen(notice)
  }

  private line(act: Act): ActLine {
    const item = act.item_id ? this.items_.get(act.item_id) : undefined
    return {
      act: this.nextAct++,
      state: 'saved',
      attention: 'none',
      made_time: Date.now(),
      op: act.op,
      action_id: act.action_id ?? null,
      item_id: act.item_id ?? null,
      item_code: item?.code ?? null,
      actor: this.now.person?.id ?? ME,
      actor_name: this.now.person?.name ?? null,
      data: act.data,
      conflict: null,
      verdict: null,
      decided: null,
      files: (act.blobs ?? []).map(({ sha256, size }) => ({ sha256, size, sent: 0, done: false })),
    }
  }

  /** What an act does to the invented floor; just enough for the next screen to look right. */
  private book(act: Act, line: ActLine): void {
    if (act.op === 'shift.start') this.change({ shift: { site_id: 'site', location_id: (act.data['location_id'] as string | null) ?? null, team_id: null } })
    if (act.op === 'shift.end') this.change({ shift: null })
    const item = act.item_id ? this.items_.get(act.item_id) : undefined
    if (!item) return
    item.own = 'saved'
    const action = item.actions.find((one) => one.id === act.action_id)
    if (action) {
      action.state = act.op === 'action.skip' ? 'skipped' : act.data['approved'] === false ? 'failed' : 'done'
      action.result = { by: ME, by_name: 'Ana Ruiz', at: new Date().toISOString(), content: act.data, evidence: [] }
    }
    if (act.op === 'item.advance') this.moveOn(item, act.data['to'] as string | undefined)
    if (act.op === 'item.pause') item.status = 'paused'
    if (act.op === 'item.resume' || act.op === 'item.release') Object.assign(item, { status: 'active', hold: null })
    if (act.op === 'item.hold') Object.assign(item, { status: 'on_hold', hold: { reason: String(act.data['reason'] ?? ''), by_name: 'Ana Ruiz', at: new Date().toISOString() } })
    if (act.op === 'item.scrap') item.status = 'scrapped'
    if (act.op === 'item.flag') item.flag_list.push({ reason: String(act.data['reason'] ?? ''), by_name: 'Ana Ruiz', at: new Date().toISOString() })
    if (act.op === 'item.claim') Object.assign(item, { assigned_to: ME, assigned_name: 'Ana Ruiz' })
    if (act.op === 'item.assemble') for (const part of item.components) part.assembled = true
    const undone = ['action.complete', 'action.skip', 'item.advance', 'item.scrap', 'item.flag', 'item.hold', 'item.rework'].includes(act.op)
    item.undo = undone ? { of: { stream_id: 's', seq: line.act }, until_time: Date.now() + 600_000, op: act.op } : null
  }

  private moveOn(item: ItemView, to: string | undefined): void {
    const next = makeItem(['cut', 'sew', 'inspect', 'pack'].indexOf(to ?? item.targets[0]?.key ?? 'pack') + 4)
    Object.assign(item, { stage: next.stage, stage_name: next.stage_name, stages: next.stages, actions: next.actions, targets: next.targets, rework: next.rework, stage_entered_at: new Date().toISOString() })
  }

  private async send(line: ActLine): Promise<void> {
    await pause(900)
    line.state = 'sent'
    this.tell({ kind: 'floor' })
    await pause(700)
    line.state = 'confirmed'
    line.verdict = { outcome: 'applied', reason: null, detail: null }
    this.count()
    this.tell({ kind: 'settled', line })
    this.tell({ kind: 'floor' })
  }

  private stopAt(act: number): void {
    const line = this.acts_.find((one) => one.act === act)
    if (!line) return
    Object.assign(line, { state: 'needs_you', attention: 'stop', verdict: { outcome: 'rejected', reason: 'ITEM_CLOSED', detail: { status: 'scrapped', by: 'Kim Tran', at: new Date(Date.now() - 900_000).toISOString(), reason: 'Red bin' } } })
    this.count()
  }

  private invent(how: string): void {
    const detail: Record<string, Record<string, unknown>> = {
      ALREADY_DONE: { by: 'u-kim', at: new Date(Date.now() - 600_000).toISOString() },
      STAGE_MOVED: { stage_now: 'cut', by: 'u-rafi', at: new Date(Date.now() - 700_000).toISOString() },
      ACTIONS_MISSING: { missing: ['sew.seam', 'sew.look'] },
      COMPONENTS_NOT_READY: { missing: [{ id: 'i-4', code: 'JKT-AURORA-M-0004-LINING' }] },
      FORM_INVALID: { errors: [{ field: 'fields.lot', code: 'pattern', message: 'no match' }] },
      ON_HOLD: { by: 'u-kim', at: new Date(Date.now() - 1_200_000).toISOString(), reason: 'Dye lot in question' },
    }
    const reasons = how === 'cards' ? [...REASONS] : ['STAGE_MOVED', 'FORM_INVALID']
    for (const [index, reason] of reasons.entries()) {
      const item = `i-${index * 2 + 1}`
      const form = reason === 'FORM_INVALID'
      this.acts_.push({
        ...this.line(form ? { op: 'action.complete', item_id: item, action_id: 'sew.thread', data: { fields: { lot: 'ab12', needle: 90, colour: 'Navy' } } } : { op: 'item.advance', item_id: item, data: {} }),
        state: 'needs_you',
        attention: 'card',
        made_time: Date.now() - 3_000_000 - index * 60_000,
        verdict: { outcome: 'rejected', reason, detail: detail[reason] ?? null },
      })
    }
    if (how === 'stop') {
      this.acts_.push(this.line({ op: 'action.complete', item_id: 'i-13', action_id: 'sew.seam', data: {} }))
      this.stopAt(this.nextAct - 1)
    }
    const photos: Act = { op: 'action.complete', item_id: 'i-5', action_id: 'sew.look', data: { photos: [] }, blobs: [{ sha256: 'photo-a', size: 734_000, mime: 'image/jpeg' }, { sha256: 'photo-b', size: 812_000, mime: 'image/jpeg' }] }
    const waiting = { ...this.line(photos), made_time: Date.now() - 840_000 }
    if (waiting.files[0]) waiting.files[0].sent = 402_000
    this.acts_.push(waiting, { ...this.line({ op: 'item.advance', item_id: 'i-9', data: {} }), made_time: Date.now() - 500_000 }, { ...this.line({ op: 'note.add', item_id: 'i-9', data: { text: 'Thread changed' } }), state: 'sent', made_time: Date.now() - 30_000 })
  }

  private count(): void {
    const waiting = this.acts_.filter((line) => line.state === 'saved' || line.state === 'sent')
    const files = this.acts_.flatMap((line) => line.files).filter((file) => !file.done)
    this.change({
      unsent: waiting.length,
      oldest_unsent_time: waiting.length ? Math.min(...waiting.map((line) => line.made_time)) : null,
      unsent_photos: { count: files.length, bytes: files.reduce((sum, file) => sum + file.size - file.sent, 0) },
      cards: this.acts_.filter((line) => line.attention === 'card').length,
      stops: this.acts_.filter((line) => line.attention === 'stop'),
    })
  }
}

function nextOf(item: ItemView): ItemView['next'] {
  if (item.status === 'paused') return { kind: 'resume' }
  if (item.status === 'on_hold') return { kind: 'wait', reason: { reason: 'ON_HOLD', detail: { at: item.hold?.at, reason: item.hold?.reason } } }
  if (item.status === 'scrapped' || item.status === 'completed' || item.status === 'cancelled') return { kind: 'none' }
  const open = item.actions.find((action) => action.required && action.state !== 'done')
  if (open) return { kind: 'action', action_id: open.id }
  const to = item.targets[0]
  return { kind: 'advance', to: to?.key ?? null, name: to?.name ?? null }
}

function refused(code: Refused['code']): Refused {
  return { code, message: code }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function drawn(name: string, size: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(size, size)
  const brush = canvas.getContext('2d')
  if (brush) {
    const hue = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 360
    brush.fillStyle = `hsl(${hue} 30% 62%)`
    brush.fillRect(0, 0, size, size)
    brush.fillStyle = `hsl(${hue} 32% 38%)`
    brush.fillRect(size * 0.28, size * 0.2, size * 0.44, size * 0.62)
    brush.fillRect(size * 0.14, size * 0.24, size * 0.16, size * 0.48)
    brush.fillRect(size * 0.7, size * 0.24, size * 0.16, size * 0.48)
  }
  return canvas.convertToBlob({ type: 'image/png' })
}

/** The label of an invented item, for whoever wants to scan it. */
export function labelOf(number: number): string {
  const body = `M${labelBody(number)}`
  return body + checkCharacters(body)
}
