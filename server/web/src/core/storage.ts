/**
 * What this phone keeps, in two databases of the browser: what must not be lost, and the floor, which can be fetched again.
 *
 * Every write of the first is one transaction of strict durability; when it resolves, the bytes are on the disk. The floor follows
 * afterwards and may lag behind after a power cut: the core then finds out by itself.
 *
 * One worker at a time owns the databases. Each transaction looks at the owner's mark first, so that one that was thought dead and
 * comes back writes nothing.
 */

import type { Changes, Kept } from './wire'

const OUTBOX = 'floorline-outbox'
const FLOOR = 'floorline-floor'

/** Storage failed: full, gone, or another worker owns it now. */
export class StorageError extends Error {
  constructor(
    readonly why: 'full' | 'lost' | 'elsewhere',
    cause: unknown,
  ) {
    super(`storage ${why}`, { cause })
  }
}

/** A file that waits for its upload, or has been uploaded and is still shown from here. */
export interface KeptFile {
  sha256: string
  size: number
  mime: string
  bytes: ArrayBuffer
  /** Where the server takes the rest. */
  location: string | null
  sent: number
  kept_time: number
  /** Why the server does not take it, in its words. */
  refused?: string
}

/** What is known of a file without its bytes. */
export type KnownFile = Pick<KeptFile, 'sha256' | 'size' | 'mime' | 'sent' | 'kept_time' | 'refused'>

/** An index has these of each file, so that no bytes are read for them. */
const KNOWN = ['kept_time', 'size', 'mime', 'sent']

/** Someone who has signed in on this phone. */
export interface KeptPerson {
  id: string
  name: string
  organization_id: string
  roles: string[]
  permissions: string[]
  refresh_token: string | null
  /** The badge's code and what a PIN is checked against without a network. */
  badge: string | null
  pin: { salt: ArrayBuffer; hash: ArrayBuffer; rounds: number } | null
  /** When the server was last asked about them; a lease lasts 16 hours. */
  seen_time: number
}

export interface KeptDevice {
  id: string
  name: string
  site_id: string
  digits: string | null
  state: 'pending' | 'active' | 'revoked'
}

export class Storage {
  /** What is kept of the floor is older than what is in memory, and must not be mixed with it. */
  private lags = false

  private constructor(
    private readonly outbox: IDBDatabase,
    private readonly floor: IDBDatabase,
    private readonly owner: string,
    lost: () => void,
  ) {
    for (const database of [outbox, floor]) {
      database.onclose = lost
      database.onversionchange = () => {
        database.close()
        lost()
      }
    }
  }

  /** Removes both databases, whoever has them open. */
  static async remove(): Promise<void> {
    await Promise.all([OUTBOX, FLOOR].map((name) => answer(indexedDB.deleteDatabase(name))))
  }

  /** Opens both databases and takes them over. `lost` is called when the browser closes them under us. */
  static async open(lost: () => void): Promise<Storage> {
    const owner = crypto.randomUUID()
    const outbox = await opened(OUTBOX, 2, (database, before, changing) => {
      if (before < 1) {
        database.createObjectStore('meta')
        database.createObjectStore('entries', { keyPath: 'act' })
        database.createObjectStore('leases', { keyPath: 'lease_id' })
        database.createObjectStore('file_states', { keyPath: 'sha256' })
        database.createObjectStore('files', { keyPath: 'sha256' })
        database.createObjectStore('people', { keyPath: 'id' })
      }
      const files = changing.objectStore('files')
      files.createIndex('known', KNOWN)
      files.createIndex('refused', 'refused')
    })
    const floor = await opened(FLOOR, 1, (database) => {
      database.createObjectStore('topics', { keyPath: 'topic' })
      database.createObjectStore('rows', { keyPath: ['topic', 'kind', 'id'] })
    })
    const storage = new Storage(outbox, floor, owner, lost)
    const claim = outbox.transaction('meta', 'readwrite', { durability: 'strict' })
    claim.objectStore('meta').put(owner, 'owner')
    await done(claim)
    return storage
  }

  close(): void {
    this.outbox.close()
    this.floor.close()
  }

  /** Everything that the core opens from. */
  async load(): Promise<Kept> {
    const kept = this.outbox.transaction(['meta', 'entries', 'leases', 'file_states'])
    const [meta, entries, leases, files] = await Promise.all([
      answer<Kept['meta']>(kept.objectStore('meta').get('core')),
      answer<unknown[]>(kept.objectStore('entries').getAll()),
      answer<unknown[]>(kept.objectStore('leases').getAll()),
      answer<unknown[]>(kept.objectStore('file_states').getAll()),
    ])
    this.lags = false
    const floor = this.floor.transaction(['topics', 'rows'])
    const [topics, rows] = await Promise.all([
      answer<unknown[]>(floor.objectStore('topics').getAll()),
      answer<unknown[]>(floor.objectStore('rows').getAll()),
    ])
    return { meta: meta ?? null, entries, leases, files, topics, rows }
  }

  /** Writes what several calls changed of what must not be lost, in their order, wholly or not at all. */
  async write(all: Changes[]): Promise<void> {
    const durable = all.filter(touchesOutbox)
    if (durable.length > 0) {
      await this.own(['entries', 'leases', 'file_states'], (store) => {
        for (const changes of durable) {
          if (changes.meta) store('meta').put(changes.meta, 'core')
          for (const entry of changes.entries) store('entries').put(entry)
          for (const act of changes.gone_entries) store('entries').delete(act)
          for (const lease of changes.leases) store('leases').put(lease)
          for (const file of changes.files) store('file_states').put(file)
          for (const sha256 of changes.gone_files) store('file_states').delete(sha256)
        }
      })
    }
  }

  /** Writes what they changed of the floor. Where that fails, what is kept stays as it was: whoever opens it next has the rest told again. */
  async follow(all: Changes[]): Promise<void> {
    const told = all.filter(touchesFloor)
    if (told.length === 0 || this.lags) return
    try {
      await this.writeFloor(told)
    } catch {
      this.lags = true
    }
  }

  private async writeFloor(all: Changes[]): Promise<void> {
    const transaction = this.floor.transaction(['topics', 'rows'], 'readwrite', { durability: 'relaxed' })
    const topics = transaction.objectStore('topics')
    const rows = transaction.objectStore('rows')
    for (const changes of all) {
      if (changes.cleared) {
        topics.clear()
        rows.clear()
      }
      for (const topic of changes.swapped) rows.delete(IDBKeyRange.bound([topic], [topic, []]))
      for (const at of changes.topics) topics.put(at)
      for (const topic of changes.gone_topics) topics.delete(topic)
      for (const row of changes.rows) rows.put(row)
      for (const key of changes.gone_rows) rows.delete(key)
    }
    await done(transaction)
  }

  async device(): Promise<KeptDevice | null> {
    return (await this.get<KeptDevice>('meta', 'device')) ?? null
  }

  async setDevice(device: KeptDevice): Promise<void> {
    await this.own([], (store) => store('meta').put(device, 'device'))
  }

  /** Feeds of which rows are still to be fetched. */
  async missing(): Promise<string[]> {
    return (await this.get<string[]>('meta', 'missing')) ?? []
  }

  async setMissing(topics: string[]): Promise<void> {
    await this.own([], (store) => store('meta').put(topics, 'missing'))
  }

  /** The key pair that this phone proves itself by. Its private half cannot be read out, not even by us. */
  async key(): Promise<CryptoKeyPair | null> {
    return (await this.get<CryptoKeyPair>('meta', 'key')) ?? null
  }

  async setKey(key: CryptoKeyPair): Promise<void> {
    await this.own([], (store) => store('meta').put(key, 'key'))
  }

  async people(): Promise<KeptPerson[]> {
    return answer<KeptPerson[]>(this.outbox.transaction('people').objectStore('people').getAll())
  }

  async setPerson(person: KeptPerson): Promise<void> {
    await this.own(['people'], (store) => store('people').put(person))
  }

  /** Who signed in last; null after signing out. */
  async current(): Promise<string | null> {
    return (await this.get<string>('meta', 'person')) ?? null
  }

  async setCurrent(person: string | null): Promise<void> {
    await this.own([], (store) => store('meta').put(person, 'person'))
  }

  async file(sha256: string): Promise<KeptFile | null> {
    return (await this.get<KeptFile>('files', sha256)) ?? null
  }

  async setFile(file: KeptFile): Promise<void> {
    await this.own(['files'], (store) => store('files').put(file))
  }

  async dropFile(sha256: string): Promise<void> {
    await this.own(['files'], (store) => store('files').delete(sha256))
  }

  /** All of them, the oldest first; their bytes are not read. */
  async knownFiles(): Promise<KnownFile[]> {
    const files = this.outbox.transaction('files').objectStore('files')
    const [known, refused] = await Promise.all([indexed(files.index('known')), indexed(files.index('refused'))])
    const why = new Map(refused.map(([words, hash]) => [hash, words as string]))
    return known.map(([key, sha256]) => {
      const [kept_time, size, mime, sent] = key as [number, number, string, number]
      const refused = why.get(sha256)
      return { sha256, size, mime, sent, kept_time, ...(refused !== undefined && { refused }) }
    })
  }

  /** One after the other: all at once need not fit into the memory of a phone. */
  async *files(): AsyncGenerator<KeptFile> {
    for (const hash of await answer<string[]>(this.outbox.transaction('files').objectStore('files').getAllKeys())) {
      const file = await this.file(hash)
      if (file !== null) yield file
    }
  }

  private async get<T>(store: string, key: string): Promise<T | undefined> {
    return answer<T | undefined>(this.outbox.transaction(store).objectStore(store).get(key))
  }

  /** A durable transaction, unless another worker owns the database by now. */
  private async own(stores: string[], work: (store: (name: string) => IDBObjectStore) => void): Promise<void> {
    const transaction = begin(this.outbox, ['meta', ...stores])
    let elsewhere = false
    const mark = transaction.objectStore('meta').get('owner')
    mark.onsuccess = () => {
      elsewhere = mark.result !== this.owner
      if (elsewhere) transaction.abort()
      else work((name) => transaction.objectStore(name))
    }
    try {
      await done(transaction)
    } catch (error) {
      throw elsewhere ? new StorageError('elsewhere', error) : error
    }
  }
}

function touchesOutbox(changes: Changes): boolean {
  const { meta, entries, gone_entries, leases, files, gone_files } = changes
  return meta !== null || entries.length + gone_entries.length + leases.length + files.length + gone_files.length > 0
}

function touchesFloor(changes: Changes): boolean {
  const { cleared, swapped, topics, gone_topics, rows, gone_rows } = changes
  return cleared || swapped.length + topics.length + gone_topics.length + rows.length + gone_rows.length > 0
}

function begin(database: IDBDatabase, stores: string[]): IDBTransaction {
  try {
    return database.transaction(stores, 'readwrite', { durability: 'strict' })
  } catch (error) {
    throw new StorageError('lost', error)
  }
}

function opened(name: string, version: number, make: (database: IDBDatabase, before: number, changing: IDBTransaction) => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version)
    request.onupgradeneeded = ({ oldVersion }) => make(request.result, oldVersion, request.transaction as IDBTransaction)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(failure(request.error))
    request.onblocked = () => reject(new StorageError('elsewhere', null))
  })
}

function answer<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T)
    request.onerror = () => reject(failure(request.error))
  })
}

/** What an index has of each record, and the record's own key. */
function indexed(index: IDBIndex): Promise<[IDBValidKey, string][]> {
  return new Promise((resolve, reject) => {
    const found: [IDBValidKey, string][] = []
    const request = index.openKeyCursor()
    request.onsuccess = () => {
      const cursor = request.result
      if (cursor === null) return resolve(found)
      found.push([cursor.key, cursor.primaryKey as string])
      cursor.continue()
    }
    request.onerror = () => reject(failure(request.error))
  })
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(failure(transaction.error))
  })
}

function failure(error: DOMException | null): StorageError {
  return new StorageError(error?.name === 'QuotaExceededError' ? 'full' : 'lost', error)
}
