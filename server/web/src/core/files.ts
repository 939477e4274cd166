/** Photos and signatures on this phone: kept before the act that names them, shown from here, dropped once the server has them. */

import type { Api } from './api'
import type { ActLine, Blob_, Id, Notice, WaitingFile } from './contract'
import { sha256 } from './key'
import type { KeptFile, KnownFile, Storage } from './storage'

export class Files {
  private constructor(
    private readonly storage: Storage,
    private readonly api: Api,
    private readonly tell: (notice: Notice) => void,
    private readonly known: Map<string, KnownFile>,
  ) {}

  static async of(storage: Storage, api: Api, tell: (notice: Notice) => void): Promise<Files> {
    return new Files(storage, api, tell, new Map((await storage.knownFiles()).map((file) => [file.sha256, file])))
  }

  /** Keeps the bytes; `noted` has the core note them, and says whether they still have to be sent: a name written twice makes the same picture. */
  async keep(bytes: ArrayBuffer, mime: string, role: string | null, noted: (blob: Blob_) => Promise<boolean>): Promise<Blob_> {
    const blob: Blob_ = { sha256: await sha256(bytes), size: bytes.byteLength, mime, ...(role === null ? {} : { role }) }
    const isHere = this.known.has(blob.sha256)
    const file = { sha256: blob.sha256, size: blob.size, mime, location: null, sent: 0, kept_time: Date.now() }
    if (!isHere) await this.storage.setFile({ ...file, bytes })
    try {
      if (!(await noted(blob))) await this.forget(blob.sha256)
      else if (!isHere) this.known.set(blob.sha256, file)
    } catch (error) {
      // Nothing names these bytes: they would lie here for ever.
      if (!isHere) await this.storage.dropFile(blob.sha256).catch(() => undefined)
      throw error
    }
    return blob
  }

  /** A file that lies here, or that the server has; null when neither can be had now. */
  async show(hash: string, size: 'thumb' | 'screen'): Promise<Blob | null> {
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

  /** Those of `waiting` that lie here, and the bytes the server is missing. */
  unsent(waiting: string[]): { count: number; bytes: number } {
    const files = waiting.flatMap((hash) => this.known.get(hash) ?? [])
    return { count: files.length, bytes: files.reduce((sum, file) => sum + file.size - file.sent, 0) }
  }

  /** Each of those, the oldest first. */
  waiting(waiting: string[]): WaitingFile[] {
    const files = waiting.flatMap((hash) => this.known.get(hash) ?? []).sort((one, other) => one.kept_time - other.kept_time)
    return files.map(({ sha256: hash, size, sent, refused }) => ({ sha256: hash, size, sent, refused: refused ?? null }))
  }

  /** How far a file of an act has come. */
  standing({ sha256: hash, size }: { sha256: string; size: number }): ActLine['files'][number] {
    const kept = this.known.get(hash)
    return { sha256: hash, size, sent: kept?.sent ?? size, done: kept === undefined || kept.sent >= kept.size }
  }

  moved({ bytes: _, ...file }: KeptFile): void {
    this.known.set(file.sha256, file)
    this.tell({ kind: 'upload', sha256: file.sha256, sent: file.sent, size: file.size, done: false })
    if (file.refused !== undefined) this.tell({ kind: 'floor' })
  }

  /** The server has it: its bytes make room for new ones. */
  async forget(hash: string): Promise<void> {
    const size = this.known.get(hash)?.size ?? 0
    this.known.delete(hash)
    await this.storage.dropFile(hash).catch(() => undefined)
    this.tell({ kind: 'upload', sha256: hash, sent: size, size, done: true })
  }
}
