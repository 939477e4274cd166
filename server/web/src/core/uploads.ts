/**
 * Photos and signatures on their way to the server: tus 1.0, one piece at a time, going on where it stopped.
 *
 * Verdicts do not wait for photos, and photos do not wait for verdicts.
 */

import { notOurs, Problem, type Api } from './api'
import type { KeptFile, Storage } from './storage'

const CHUNK = 256 * 1024
/** Uploads of one file that may end in a mismatch before it is left for the next round. */
const TRIES = 3
const PAUSES = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000]

export class Uploads {
  private running = false
  private again = false
  private closed = false
  private failures = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  /** What the server does not take, however often it is asked; it is asked again when the app starts. */
  private readonly refused = new Set<string>()

  constructor(
    private readonly api: Api,
    private readonly storage: Storage,
    private readonly waiting: () => string[],
    private readonly moved: (file: KeptFile) => void,
    private readonly uploaded: (sha256: string) => void,
    private readonly gone: (sha256: string) => void,
  ) {}

  /** Something waits, or the network is back. */
  wake(): void {
    if (this.closed) return
    this.failures = 0
    clearTimeout(this.timer)
    void this.run()
  }

  close(): void {
    clearTimeout(this.timer)
    this.closed = true
  }

  private async run(): Promise<void> {
    if (this.running) {
      this.again = true
      return
    }
    this.running = true
    let failed = false
    try {
      do {
        this.again = false
        for (const sha256 of this.waiting()) {
          if (!(await this.tryUpload(sha256))) failed = true
          if (this.closed) return
        }
      } while (this.again)
    } catch {
      // The floor is just being opened again.
      failed = true
    }
    this.running = false
    if (failed && !this.closed) {
      const pause = PAUSES[Math.min(this.failures, PAUSES.length - 1)]
      this.failures += 1
      this.timer = setTimeout(() => void this.run(), pause)
    }
  }

  /** False: it waits for another round. */
  private async tryUpload(sha256: string): Promise<boolean> {
    if (this.refused.has(sha256)) return true
    let file: KeptFile | null = null
    try {
      file = await this.storage.file(sha256)
      // A server that was restored asks for whatever was ever kept; what it had taken before is not kept any more.
      if (file === null) {
        this.gone(sha256)
        return true
      }
      await this.upload(file)
      this.uploaded(sha256)
      return true
    } catch (error) {
      if (file === null || !(error instanceof Problem) || ![400, 413, 415, 422].includes(error.status)) return false
      this.refused.add(sha256)
      await this.remember({ ...file, refused: error.message })
      return true
    }
  }

  private async upload(file: KeptFile): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      let offset = (file.location === null ? null : await this.head(file.location)) ?? (await this.begin(file))
      while (offset < file.size && file.location !== null) {
        const next = await this.patch(file, offset)
        if (next === null) break
        offset = next
        await this.remember({ ...file, sent: offset })
      }
      if (offset >= file.size) return
      file.location = null
      await this.remember(file)
    }
    throw new Error('the file arrives changed')
  }

  private async begin(file: KeptFile): Promise<number> {
    const response = await this.api.send('/v1/uploads', {
      method: 'POST',
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Length': String(file.size),
        'Upload-Metadata': `sha256 ${btoa(file.sha256)},mime ${btoa(file.mime)}`,
      },
    })
    const offset = offsetOf(response)
    file.location = response.headers.get('Location')
    await this.remember(file)
    return offset
  }

  /** How much the server has; null when it knows no such upload. */
  private async head(location: string): Promise<number | null> {
    const response = await this.api.sendOnce(location, { method: 'HEAD', headers: { 'Tus-Resumable': '1.0.0' } })
    if (response.status === 404 || response.status === 410) return null
    if (!response.ok) throw new Problem(response.status, '', 'The upload cannot be asked for.')
    return offsetOf(response)
  }

  /** Where the upload is after one more piece; null: it begins again. */
  private async patch(file: KeptFile, offset: number): Promise<number | null> {
    const location = file.location ?? ''
    const response = await this.api.sendOnce(location, {
      method: 'PATCH',
      body: file.bytes.slice(offset, offset + CHUNK),
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Offset': String(offset),
        'Content-Type': 'application/offset+octet-stream',
      },
    })
    // The bytes were not those of the hash, or the upload is gone.
    if ([460, 404, 410].includes(response.status)) return null
    if (response.status === 409) return (await this.head(location)) ?? 0
    if (!response.ok) {
      const problem = (await response.json().catch(() => null)) as { detail?: string } | null
      throw problem === null ? notOurs() : new Problem(response.status, '', problem.detail ?? response.statusText)
    }
    return offsetOf(response)
  }

  private async remember(file: KeptFile): Promise<void> {
    file.sent = Math.min(file.sent, file.size)
    // Only a hint: on a full phone it goes on without, and makes room.
    await this.storage.setFile(file).catch(() => undefined)
    this.moved(file)
  }
}

/** How much the server has. A captive portal answers as well, and says nothing of it: what it swallowed was not sent. */
function offsetOf(response: Response): number {
  const offset = response.headers.get('Upload-Offset')
  if (offset === null) throw notOurs()
  return Number(offset)
}
