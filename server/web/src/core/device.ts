/** This phone: who it is, who works on it, and what happens between the floor, the network and the screens. */

import { Api, Problem, type Tokens } from './api'
import type { Act, ActLine, Blob_, Id, ItemLine, ItemView, Notice, Person, Phase, Place, QueueView, Refused, Resolved, Scanned, State } from './contract'
import { exportCodes, exportFile } from './export'
import { Floor } from './floor'
import { makeKey, publicKey, sha256 } from './key'
import { Network } from './network'
import { People } from './people'
import { Storage, StorageError, type KeptDevice, type KeptFile } from './storage'
import { Uploads } from './uploads'
import type { CoreLine, CoreState, Doing, Saved, SavedScan, Told } from './wire'

export const APP_VERSION = __APP_VERSION__

/** The same code within this time is the earlier scan again. */
const AGAIN_MS = 10_000

/** Wrong in a way that a person mends; `code` is for message catalogues. */
export class Refusal extends Error {
  constructor(readonly refused: Refused | { code: string; message: string }) {
    super(refused.message)
  }
}

export class Device {
  private floor: Floor | null = null
  private network: Network | null = null
  private uploads: Uploads | null = null
  private phase: Phase = 'starting'
  private problem: string | null = null
  private clockAhead: number | null = null
  private full = false
  private loadedTime: number | null = null
  private readonly sent = new Map<string, KeptFile>()
  private lastScan: { raw: string; time: number; by: string; at: number } | null = null
  private told = false

  private constructor(
    private readonly storage: Storage,
    private readonly people: People,
    readonly api: Api,
    private device: KeptDevice | null,
    private readonly persistent: boolean,
    private readonly tell: (notice: Notice) => void,
  ) {}

  static async open(tell: (notice: Notice) => void, persistent: boolean, lost: () => void): Promise<Device> {
    const storage = await Storage.open(lost)
    const [people, key, kept] = await Promise.all([People.of(storage), storage.key(), storage.device()])
    let pair = key
    if (pair === null) {
      pair = await makeKey()
      await storage.setKey(pair)
    }
    const keyed = pair
    const api = new Api(
      () => keyed,
      async (tokens) => void (await people.keep(tokens, null)),
    )
    const device = new Device(storage, people, api, kept, persistent, tell)
    for (const { bytes: _, ...file } of await storage.files()) device.sent.set(file.sha256, { ...file, bytes: new ArrayBuffer(0) })
    device.api.use(people.now?.refresh_token ?? null, null)
    await device.begin()
    return device
  }

  close(): void {
    this.network?.close()
    this.uploads?.close()
    this.floor?.close()
    this.storage.close()
  }

  // --- who this phone is -----------------------------------------------------------------------------------------------------------

  async enrol(code: string): Promise<string> {
    const key = await this.storage.key()
    if (key === null) throw new StorageError('lost', null)
    const claimed = await this.api.json<{ device_id: Id; digits: string }>('/v1/devices/enrolments/claim', {
      method: 'POST',
      from: 'nobody',
      json: { code, public_key: await publicKey(key), platform: 'web', app_version: APP_VERSION },
    })
    await this.setDevice({ id: claimed.device_id, name: '', site_id: '', digits: claimed.digits, state: 'pending' })
    await this.begin()
    return claimed.digits
  }

  async askApproval(): Promise<void> {
    if (this.device === null) return
    const { status, site_id } = await this.api.json<{ status: KeptDevice['state']; site_id: Id }>(`/v1/devices/${this.device.id}/status`, { from: 'device' })
    if (status === this.device.state) return
    await this.setDevice({ ...this.device, site_id, state: status, digits: status === 'pending' ? this.device.digits : null })
    await this.begin()
  }

  get id(): Id {
    if (this.device === null) throw new Refusal({ code: 'STORAGE', message: 'This phone was not added to a factory.' })
    return this.device.id
  }

  private async setDevice(device: KeptDevice): Promise<void> {
    await this.storage.setDevice(device)
    this.device = device
  }

  private async begin(): Promise<void> {
    if (this.device === null) this.phase = 'unenrolled'
    else if (this.device.state === 'pending') this.phase = 'pending'
    else if (this.floor === null) await this.openFloor(this.device)
    this.changed()
  }

  private async openFloor(device: KeptDevice): Promise<void> {
    const floor = await Floor.open(
      this.storage,
      { device_id: device.id, site: device.site_id, app_version: APP_VERSION },
      (doing) => this.perform(doing),
      (error) => this.fail(error),
      () => this.resume(),
    )
    this.floor = floor
    this.network = new Network(
      this.api,
      device.id,
      (happened) => floor.give(happened),
      () => JSON.stringify(floor.look((core, time, monotonic) => core.hello(time, monotonic))),
    )
    this.uploads = new Uploads(
      this.api,
      this.storage,
      () => floor.look<string[]>((core) => core.waitingFiles()),
      (file) => this.moved(file),
      (sha) => floor.give({ event: 'uploaded', sha256: sha }),
    )
    this.phase = 'ready'
    this.resume()
  }

  /** Tells a core that was just opened what it has to know. */
  private resume(): void {
    const person = this.people.now
    if (person !== null) this.signedIn(person)
    if (navigator.onLine) this.floor?.give({ event: 'online' })
    this.uploads?.wake()
  }

  /** The network came or went, or the page is looked at again. */
  online(isOnline: boolean): void {
    this.floor?.give({ event: isOnline ? 'online' : 'offline' })
    if (isOnline) this.uploads?.wake()
  }

  private fail(error: StorageError): void {
    this.phase = error.why === 'elsewhere' ? 'elsewhere' : 'broken'
    this.problem = error.message
    this.network?.close()
    this.changed()
  }

  // --- who works on it -------------------------------------------------------------------------------------------------------------

  async signIn(email: string, password: string): Promise<void> {
    const from = this.device?.state === 'active' ? 'device' : 'nobody'
    const tokens = await this.api.json<Tokens>('/v1/auth/login', { method: 'POST', from, json: { email, password } })
    await this.came(tokens, null)
  }

  async signInWithBadge(code: string, pin: string): Promise<void> {
    try {
      const tokens = await this.api.json<Tokens>('/v1/auth/badge', { method: 'POST', from: 'device', json: { code, pin } })
      await this.came(tokens, { badge: code, pin })
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 0) throw error
      const person = this.people.byBadge(code)
      if (person === null) throw error
      await this.switchTo(person.id, pin)
    }
  }

  async switchTo(id: Id, pin: string): Promise<void> {
    const person = this.people.find(id)
    const may = person === null ? 'wrong_pin' : await this.people.mayGoOn(person, pin)
    if (person === null || may !== 'yes') throw new Refusal({ code: may === 'too_long_ago' ? 'SIGN_IN_AGAIN' : 'WRONG_PIN', message: may })
    await this.people.use(person.id)
    this.api.use(person.refresh_token, null)
    this.signedIn(person)
    this.changed()
  }

  async signOut(): Promise<void> {
    const person = this.people.now
    if (person === null) return
    await this.api.send('/v1/auth/logout', { method: 'POST', within: 5_000 }).catch(() => undefined)
    await this.people.end(person.id)
    await this.people.use(null)
    this.api.use(null, null)
    this.changed()
  }

  private async came(tokens: Tokens, secret: { badge: string; pin: string } | null): Promise<void> {
    const person = await this.people.keep(tokens, secret)
    await this.people.use(person.id)
    this.api.use(null, tokens)
    this.signedIn(person)
    this.uploads?.wake()
    this.changed()
  }

  private signedIn({ id, roles, permissions }: Person): void {
    const session = JSON.stringify({ id, roles, permissions })
    this.floor?.change((core, time, monotonic) => core.signIn(session, time, monotonic)).catch(() => undefined)
  }

  // --- what they do ----------------------------------------------------------------------------------------------------------------

  async act(act: Act): Promise<number> {
    const text = JSON.stringify(act)
    const saved = await this.save<Saved>((floor) => floor.change((core, time, monotonic) => core.act(text, time, monotonic)))
    if ('refused' in saved) throw new Refusal(saved.refused)
    this.changed()
    return saved.act
  }

  async scan(raw: string): Promise<Scanned> {
    const person = this.people.now
    const before = this.lastScan
    const now = performance.now()
    if (before !== null && before.raw === raw && now - before.time < AGAIN_MS) {
      const resolved = await this.resolve(raw)
      return { act: null, resolved, action_id: null, again: { by: before.by, time: before.at } }
    }
    const saved = await this.save<SavedScan>((floor) => floor.change((core, time, monotonic) => core.scan(raw, time, monotonic)))
    if ('refused' in saved) throw new Refusal(saved.refused)
    this.lastScan = { raw, time: now, by: person?.name ?? '', at: Date.now() }
    this.changed()
    return { ...saved, again: null }
  }

  async resolve(raw: string): Promise<Resolved> {
    return this.looked((core) => core.resolve(raw))
  }

  async lookedAt(act: number): Promise<void> {
    await this.save((floor) => floor.change((core) => core.lookedAt(act)))
    this.changed()
  }

  async keepFile(bytes: ArrayBuffer, mime: string, role: string | null): Promise<Blob_> {
    const blob: Blob_ = { sha256: await sha256(bytes), size: bytes.byteLength, mime, ...(role === null ? {} : { role }) }
    const file: KeptFile = { sha256: blob.sha256, size: blob.size, mime, bytes, location: null, sent: 0, kept_time: Date.now() }
    await this.save(async (floor) => {
      await this.storage.setFile(file)
      await floor.change((core) => core.keepFile(JSON.stringify(blob)))
    })
    this.sent.set(file.sha256, { ...file, bytes: new ArrayBuffer(0) })
    this.uploads?.wake()
    return blob
  }

  async file(hash: string, size: 'thumb' | 'screen'): Promise<Blob | null> {
    const kept = await this.storage.file(hash)
    if (kept !== null) return new Blob([kept.bytes], { type: kept.mime })
    try {
      const { data } = await this.api.json<{ data: { id: Id }[] }>(`/v1/photos?sha256=${hash}`)
      const [photo] = data
      return photo === undefined ? null : await (await this.api.send(`/v1/photos/${photo.id}/content?size=${size}`)).blob()
    } catch {
      return null
    }
  }

  private async save<T>(work: (floor: Floor) => Promise<T>): Promise<T> {
    if (this.floor === null) throw new Refusal({ code: 'STORAGE', message: 'The floor is not open.' })
    try {
      const saved = await work(this.floor)
      this.full = false
      return saved
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      this.full = error.why === 'full'
      this.changed()
      throw new Refusal({ code: this.full ? 'FULL' : 'STORAGE', message: error.message })
    }
  }

  // --- what they see ---------------------------------------------------------------------------------------------------------------

  state(): State {
    const core = this.floor === null ? null : this.look<CoreState>((floor) => floor.state())
    const { device } = this
    const person = this.people.now
    const waiting = new Set(this.floor === null ? [] : this.look<string[]>((floor) => floor.waitingFiles()))
    const files = [...this.sent.values()].filter((file) => waiting.has(file.sha256))
    const unsentOf = new Map(core?.unsent_of ?? [])
    return {
      phase: this.phase,
      problem: this.problem,
      device: device === null ? null : { id: device.id, name: device.name, site_id: device.site_id, digits: device.digits },
      person: person === null ? null : { id: person.id, name: person.name, roles: person.roles, permissions: person.permissions },
      people: this.people.all.map(({ id, name, pin }) => ({ id, name, unsent: unsentOf.get(id) ?? 0, has_pin: pin !== null })),
      link: this.device?.state === 'revoked' ? 'revoked' : person === null ? 'signed_out' : (core?.link ?? 'down'),
      unsent: core?.unsent ?? 0,
      oldest_unsent_time: core?.oldest_unsent_time ?? null,
      unsent_photos: { count: files.length, bytes: files.reduce((sum, file) => sum + file.size - file.sent, 0) },
      cards: core?.cards ?? 0,
      stops: (core?.stops ?? []).map((line) => this.line(line)),
      persistent: this.persistent,
      full: this.full || (core?.full ?? false),
      clock_ahead_ms: this.clockAhead,
      floor: core === null ? null : { ...core.floor, loaded_time: this.loadedTime },
      shift: core?.shift === null || core?.shift === undefined || device === null ? null : { site_id: device.site_id, ...core.shift },
    }
  }

  async item(id: Id): Promise<ItemView | null> {
    const view = this.look<(Omit<ItemView, 'acts'> & { acts: CoreLine[] }) | null>((core, time, monotonic) => core.item(id, time, monotonic))
    if (view === null) return null
    // Names come from the shift; who works on this phone is known to it anyway.
    for (const { result } of view.actions) {
      if (result !== null) result.by_name ??= this.people.find(result.by)?.name ?? null
    }
    return { ...view, acts: view.acts.map((line) => this.line(line)) }
  }

  async items(filter: object = {}): Promise<{ items: ItemLine[]; total: number }> {
    return this.look((core) => core.items(JSON.stringify(filter)))
  }

  async queues(): Promise<QueueView[]> {
    return this.look((core) => core.queues())
  }

  async places(): Promise<Place[]> {
    return this.look((core) => core.rows('location'))
  }

  async persons(): Promise<{ id: Id; name: string }[]> {
    return this.look((core) => core.rows('user'))
  }

  async history(id: Id): Promise<{ kind: string; by_name: string | null; at: string; data: Record<string, unknown> }[]> {
    type Event = { kind: string; actor?: { name: string } | null; occurred_at: string; data?: Record<string, unknown> | null }
    const { data } = await this.api.json<{ data: Event[] }>(`/v1/items/${id}/events?limit=100`)
    return data.map((event) => ({ kind: event.kind, by_name: event.actor?.name ?? null, at: event.occurred_at, data: event.data ?? {} }))
  }

  async acts(): Promise<ActLine[]> {
    return this.look<CoreLine[]>((core) => core.acts()).map((line) => this.line(line))
  }

  async journal(before: number | null, limit: number): Promise<ActLine[]> {
    return this.look<CoreLine[]>((core) => core.journal(before ?? undefined, limit)).map((line) => this.line(line))
  }

  async exportUnsent(): Promise<Blob> {
    return exportFile(this.storage, this.device)
  }

  async exportCodes(): Promise<string[]> {
    return exportCodes(this.storage, this.device)
  }

  private look<T>(run: Parameters<Floor['look']>[0]): T {
    if (this.floor === null) throw new Refusal({ code: 'STORAGE', message: 'The floor is not open.' })
    return this.floor.look<T>(run)
  }

  private looked<T>(run: Parameters<Floor['look']>[0]): Promise<T> {
    return Promise.resolve(this.look<T>(run))
  }

  private line({ blobs, ...line }: CoreLine): ActLine {
    const file = ({ sha256: hash, size }: { sha256: string; size: number }) => {
      const kept = this.sent.get(hash)
      return { sha256: hash, size, sent: kept?.sent ?? size, done: kept === undefined || kept.sent >= kept.size }
    }
    const known = this.people.find(line.actor)
    return { ...line, actor_name: line.actor_name ?? known?.name ?? null, files: blobs.map(file) }
  }

  // --- what happens ----------------------------------------------------------------------------------------------------------------

  private perform(doings: Doing[]): void {
    for (const doing of doings) {
      if (doing.do === 'tell') this.hear(doing)
      else this.network?.perform(doing)
    }
  }

  private hear(told: Told): void {
    switch (told.kind) {
      case 'settled':
      case 'overturned':
        this.tell({ kind: told.kind, line: this.line(told.line) })
        break
      case 'loaded':
        this.loadedTime = Date.now()
        this.tell({ kind: 'floor' })
        break
      case 'feed':
        this.tell({ kind: 'floor' })
        // An accepted order is told in one event, not its items and labels.
        if (told.kinds.some((kind) => kind === 'order.accepted' || kind === 'item.created')) void this.loadMissing(told.topic)
        break
      case 'uploaded':
        void this.forgetFile(told.sha256)
        break
      case 'clock_skew':
        this.clockAhead = told.ahead_ms
        break
      case 'revoked':
        if (this.device !== null) void this.setDevice({ ...this.device, state: 'revoked' }).then(() => this.changed())
        break
      case 'link':
        if (told.link === 'live') this.uploads?.wake()
    }
    this.changed()
  }

  private async loadMissing(topic: string): Promise<void> {
    try {
      const text = await this.api.text(`/v1/sync/snapshot?topic=${topic}`, 'ndjson')
      this.floor?.give({ event: 'added', topic, text })
      this.tell({ kind: 'floor' })
    } catch {
      // The next snapshot brings it.
    }
  }

  private moved(file: KeptFile): void {
    this.sent.set(file.sha256, { ...file, bytes: new ArrayBuffer(0) })
    this.tell({ kind: 'upload', sha256: file.sha256, sent: file.sent, size: file.size, done: false })
  }

  /** The server has it: its bytes make room for new ones. */
  private async forgetFile(hash: string): Promise<void> {
    const file = this.sent.get(hash)
    this.sent.delete(hash)
    await this.storage.dropFile(hash).catch(() => undefined)
    this.tell({ kind: 'upload', sha256: hash, sent: file?.size ?? 0, size: file?.size ?? 0, done: true })
  }

  /** Screens are told of what changed once a frame, not once a change. */
  private changed(): void {
    if (this.told) return
    this.told = true
    setTimeout(() => {
      this.told = false
      try {
        this.tell({ kind: 'state', state: this.state() })
      } catch {
        // The floor is being opened again; whoever does it says so.
      }
    }, 16)
  }
}
