/** This phone: what happens between the core, the network and the screens. */

import { Api } from './api'
import type { Act, ActLine, Blob_, Entry, Id, ItemView, Notice, Phase, Scanned, State, WaitingFile } from './contract'
import { Door } from './door'
import { asked, claim } from './enrolment'
import { Files } from './files'
import { Floor } from './floor'
import { makeKey } from './key'
import { Missing } from './missing'
import { Network, type Hindrance } from './network'
import { People } from './people'
import { Refusal } from './refusal'
import { Storage, StorageError, type KeptDevice, type KeptPerson } from './storage'
import { Uploads } from './uploads'
import type { CoreLine, CoreState, Doing, Saved, SavedScan, Told } from './wire'

export const APP_VERSION = __APP_VERSION__

/** Screens are told of what changed once a frame, not once a change. */
const FRAME_MS = 16

export class Device {
  readonly door: Door
  private floor: Floor | null = null
  private network: Network | null = null
  private uploads: Uploads | null = null
  private missing: Missing | null = null
  private phase: Phase = 'starting'
  private problem: string | null = null
  private clockAhead: number | null = null
  /** The same as the server of the connection that is coming about tells it. */
  private skew: number | null = null
  private hindrance: Hindrance | null = null
  private full = false
  private loadedTime: number | null = null
  private told = false
  private asking: Promise<void> | null = null

  private constructor(
    readonly storage: Storage,
    private readonly people: People,
    readonly files: Files,
    readonly api: Api,
    private readonly key: CryptoKeyPair,
    private device: KeptDevice | null,
    private readonly persistent: boolean,
    private readonly tell: (notice: Notice) => void,
  ) {
    this.door = new Door(api, people, (person) => this.entered(person))
  }

  static async open(tell: (notice: Notice) => void, persistent: boolean, lost: () => void): Promise<Device> {
    let opened: Device | null = null
    const storage = await Storage.open(() => {
      opened?.fail(new StorageError('lost', null))
      lost()
    })
    const [people, key, kept] = await Promise.all([People.of(storage), keyOf(storage), storage.device()])
    const api = new Api(
      () => key,
      async (tokens) => void (await people.keep(tokens, null)),
    )
    api.use(people.now?.refresh_token ?? null, null)
    const device = new Device(storage, people, await Files.of(storage, api, tell), api, key, kept, persistent, tell)
    opened = device
    await device.begin()
    return device
  }

  /** Removes all that is kept here; this phone is nobody's any more. */
  async forget(): Promise<void> {
    this.close()
    await Storage.remove()
  }

  close(): void {
    this.network?.close()
    this.uploads?.close()
    this.missing?.close()
    this.floor?.close()
    this.storage.close()
  }

  // --- who this phone is -----------------------------------------------------------------------------------------------------------

  get known(): KeptDevice {
    if (this.device === null) throw new Refusal({ code: 'STORAGE', message: 'This phone was not added to a factory.' })
    return this.device
  }

  async enrol(code: string): Promise<string> {
    const device = await claim(this.api, this.key, code, APP_VERSION)
    await this.become(device)
    return device.digits
  }

  /** The phone asks by itself too: who presses meanwhile waits for the same answer. */
  askApproval(): Promise<void> {
    this.asking ??= this.learnApproval().finally(() => (this.asking = null))
    return this.asking
  }

  private async learnApproval(): Promise<void> {
    if (this.device === null) return
    const device = await asked(this.api, this.device)
    if (device.state !== this.device.state) await this.become(device)
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.door.signIn(email, password, this.device?.state === 'active' ? 'device' : 'nobody')
  }

  private async become(device: KeptDevice): Promise<void> {
    await this.storage.setDevice(device)
    this.device = device
    await this.begin()
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
      (pause) => this.resume(pause),
      () => this.tellState(),
    )
    this.floor = floor
    this.network = new Network(
      this.api,
      device.id,
      (happened) => floor.give(happened),
      () => JSON.stringify(floor.look((core, time, monotonic) => core.hello(time, monotonic))),
      (hindrance) => (this.hindrance = hindrance),
    )
    this.uploads = new Uploads(
      this.api,
      this.storage,
      () => waitingOf(floor),
      (file) => this.files.moved(file),
      (sha) => void this.uploaded(floor, sha),
      (sha) => floor.give({ event: 'file_gone', sha256: sha }),
    )
    this.missing = new Missing(
      await this.storage.missing(),
      (topics) => this.storage.setMissing(topics),
      (topic) => this.fetchMissing(topic),
    )
    this.phase = 'ready'
    this.resume(0)
  }

  /** Tells a core that was just opened what it has to know. */
  private resume(pause: number): void {
    this.network?.close()
    if (this.people.now !== null) this.begins(this.people.now)
    setTimeout(() => {
      if (navigator.onLine) this.floor?.give({ event: 'online' })
      this.uploads?.wake()
    }, pause)
  }

  private async uploaded(floor: Floor, sha256: string): Promise<void> {
    const text = JSON.stringify({ event: 'uploaded', sha256 })
    try {
      await floor.change((core, time, monotonic) => core.give(text, time, monotonic))
    } catch {
      // Where no mark of it can be written, the bytes must go all the more.
      await this.files.forget(sha256)
    }
  }

  private entered(person: KeptPerson | null): void {
    if (person !== null) {
      this.begins(person)
      this.uploads?.wake()
    }
    this.changed()
  }

  private begins({ id, roles, permissions }: KeptPerson): void {
    const session = JSON.stringify({ id, roles, permissions })
    this.floor?.change((core, time, monotonic) => core.signIn(session, time, monotonic)).catch(() => undefined)
  }

  /** The network came or went, or the page is looked at again. */
  online(isOnline: boolean): void {
    if (!isOnline) this.hindrance = null
    this.floor?.give({ event: isOnline ? 'online' : 'offline' })
    if (isOnline) this.uploads?.wake()
    this.changed()
  }

  private fail(error: StorageError): void {
    this.phase = error.why === 'elsewhere' ? 'elsewhere' : 'broken'
    this.problem = [error.message, error.cause].filter(Boolean).join(': ')
    this.network?.close()
    this.uploads?.close()
    this.uploads = null
    this.missing?.close()
    this.floor?.close()
    this.floor = null
    this.changed()
  }

  // --- what its people do ----------------------------------------------------------------------------------------------------------

  async act(act: Act): Promise<Entry> {
    const text = JSON.stringify(act)
    const saved = await this.save<Saved>((floor) => floor.change((core, time, monotonic) => core.act(text, time, monotonic)))
    if ('refused' in saved) throw new Refusal(saved.refused)
    return saved.entry
  }

  async scan(raw: string): Promise<Scanned> {
    const saved = await this.save<SavedScan>((floor) => floor.change((core, time, monotonic) => core.scan(raw, time, monotonic)))
    if ('refused' in saved) throw new Refusal(saved.refused)
    return saved
  }

  async lookedAt(act: number): Promise<void> {
    await this.save((floor) => floor.change((core) => core.lookedAt(act)))
    this.changed()
  }

  async keepFile(bytes: ArrayBuffer, mime: string, role: string | null): Promise<Blob_> {
    const blob = await this.save((floor) =>
      this.files.keep(bytes, mime, role, async (kept) => {
        await floor.change((core) => core.keepFile(JSON.stringify(kept)))
        return waitingOf(floor).includes(kept.sha256)
      }),
    )
    this.uploads?.wake()
    return blob
  }

  private async save<T>(work: (floor: Floor) => Promise<T>): Promise<T> {
    if (this.floor === null) throw notOpen()
    try {
      const saved = await work(this.floor)
      if (this.full) {
        this.full = false
        this.changed()
      }
      return saved
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      this.full = error.why === 'full'
      this.changed()
      throw new Refusal({ code: this.full ? 'FULL' : 'STORAGE', message: error.message })
    }
  }

  // --- what they see ---------------------------------------------------------------------------------------------------------------

  look<T>(run: Parameters<Floor['look']>[0]): T {
    if (this.floor === null) throw notOpen()
    return this.floor.look<T>(run)
  }

  state(): State {
    const core = this.floor === null ? null : this.look<CoreState>((floor) => floor.state())
    const { device } = this
    const person = this.people.now
    const unsentOf = new Map(core?.unsent_of ?? [])
    return {
      phase: this.phase,
      problem: this.problem,
      device: device === null ? null : { id: device.id, name: device.name, site_id: device.site_id, digits: device.digits },
      person: person === null ? null : { id: person.id, name: person.name, roles: person.roles, permissions: person.permissions },
      people: this.people.all.map(({ id, name, pin }) => ({ id, name, unsent: unsentOf.get(id) ?? 0, has_pin: pin !== null })),
      link: device?.state === 'revoked' ? 'revoked' : person === null ? 'signed_out' : this.linkOf(core),
      unsent: core?.unsent ?? 0,
      oldest_unsent_time: core?.oldest_unsent_time ?? null,
      unsent_photos: this.files.unsent(this.floor === null ? [] : waitingOf(this.floor)),
      cards: core?.cards ?? 0,
      stops: (core?.stops ?? []).map((line) => this.line(line)),
      persistent: this.persistent,
      full: this.full || (core?.full ?? false),
      clock_ahead_ms: this.clockAhead,
      floor: core === null ? null : { ...core.floor, loaded_time: this.loadedTime },
      shift: core?.shift === null || core?.shift === undefined || device === null ? null : { site_id: device.site_id, ...core.shift },
    }
  }

  private linkOf(core: CoreState | null): State['link'] {
    const link = core?.link ?? 'down'
    return link === 'down' ? (this.hindrance ?? link) : link
  }

  waitingFiles(): WaitingFile[] {
    return this.floor === null ? [] : this.files.waiting(waitingOf(this.floor))
  }

  item(id: Id): ItemView | null {
    const view = this.look<(Omit<ItemView, 'acts'> & { acts: CoreLine[] }) | null>((core, time, monotonic) => core.item(id, time, monotonic))
    if (view === null) return null
    // Names come from the shift; who works on this phone is known to it anyway.
    for (const { result } of view.actions) {
      if (result !== null) result.by_name ??= this.people.find(result.by)?.name ?? null
    }
    return { ...view, acts: view.acts.map((line) => this.line(line)) }
  }

  /** Acts as the core tells them, with the names and the files that it does not know. */
  lines(run: Parameters<Floor['look']>[0]): ActLine[] {
    return this.look<CoreLine[]>(run).map((line) => this.line(line))
  }

  private line({ blobs, ...line }: CoreLine): ActLine {
    return { ...line, actor_name: line.actor_name ?? this.people.find(line.actor)?.name ?? null, files: blobs.map((blob) => this.files.standing(blob)) }
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
        if (told.kinds.some((kind) => kind === 'order.accepted' || kind === 'item.created')) this.missing?.want(told.topic)
        break
      case 'uploaded':
        void this.files.forget(told.sha256)
        break
      case 'clock_skew':
        this.skew = told.ahead_ms
        break
      case 'outdated':
        this.tell({ kind: 'outdated' })
        break
      case 'revoked':
        if (this.device === null) break
        // Where it cannot be kept the server says it again at the next start.
        this.device = { ...this.device, state: 'revoked' }
        void this.storage.setDevice(this.device).catch(() => undefined)
        break
      case 'link':
        if (told.link === 'connecting') this.skew = null
        if (told.link !== 'live') break
        // Told before, if the clock is still wrong.
        this.clockAhead = this.skew
        this.uploads?.wake()
        this.missing?.wake()
    }
    this.changed()
  }

  private async fetchMissing(topic: string): Promise<void> {
    const { floor } = this
    if (floor === null) throw notOpen()
    const text = await this.api.text(`/v1/sync/snapshot?topic=${topic}`, 'ndjson')
    const happened = JSON.stringify({ event: 'added', topic, text })
    await floor.change((core, time, monotonic) => core.give(happened, time, monotonic))
    this.tell({ kind: 'floor' })
  }

  private changed(): void {
    if (this.told) return
    this.told = true
    setTimeout(() => {
      if (this.told) this.tellState()
    }, FRAME_MS)
  }

  private tellState(): void {
    this.told = false
    try {
      this.tell({ kind: 'state', state: this.state() })
    } catch {
      // The floor is being opened again; whoever does it says so.
    }
  }
}

/** Hashes of files that the server does not have. */
function waitingOf(floor: Floor): string[] {
  return floor.look<string[]>((core) => core.waitingFiles())
}

async function keyOf(storage: Storage): Promise<CryptoKeyPair> {
  const kept = await storage.key()
  if (kept !== null) return kept
  const made = await makeKey()
  await storage.setKey(made)
  return made
}

function notOpen(): Refusal {
  return new Refusal({ code: 'STORAGE', message: 'The floor is not open.' })
}
