/** Everything unsent, out of a dying phone: a file with its photos, or a run of QR codes without them. */

import { base64url, utf8 } from './key'
import type { KeptDevice, Storage } from './storage'

/** Characters of one code: readable from a cracked screen. */
const PIECE = 900

interface Entry {
  seq: number
  stream_id: string
  bytes: string
  hash: string
  verdict: string | null
}

async function unsent(storage: Storage): Promise<Entry[]> {
  const { entries } = await storage.load()
  return (entries as Entry[]).filter((entry) => entry.verdict === null).sort((one, other) => one.seq - other.seq)
}

function head(device: KeptDevice | null): object {
  return { kind: 'floorline.unsent', version: 1, device_id: device?.id ?? null, exported_time: Date.now() }
}

/** Lines of JSON: what it is, then each entry as it would be sent, then each photo. */
export async function exportFile(storage: Storage, device: KeptDevice | null): Promise<Blob> {
  const lines: BlobPart[] = [JSON.stringify(head(device)), '\n']
  for (const { stream_id, seq, hash, bytes } of await unsent(storage)) {
    lines.push(`{"line":"entry","stream_id":"${stream_id}","seq":${seq},"hash":"${hash}","entry":${bytes}}\n`)
  }
  for (const file of await storage.files()) {
    const { sha256, mime, size } = file
    lines.push(JSON.stringify({ line: 'file', sha256, mime, size, base64url: base64url(new Uint8Array(file.bytes)) }), '\n')
  }
  return new Blob(lines, { type: 'application/x-ndjson' })
}

/** `FL1/<number>/<of>/<piece>`: the pieces put together are base64url of gzip of the lines. */
export async function exportCodes(storage: Storage, device: KeptDevice | null): Promise<string[]> {
  const lines = (await unsent(storage)).map(({ stream_id, seq, hash, bytes }) => JSON.stringify({ stream_id, seq, hash, entry: bytes }))
  const text = [JSON.stringify(head(device)), ...lines].join('\n')
  const packed = new Blob([utf8(text)]).stream().pipeThrough(new CompressionStream('gzip'))
  const whole = base64url(new Uint8Array(await new Response(packed).arrayBuffer()))
  const count = Math.max(1, Math.ceil(whole.length / PIECE))
  return Array.from({ length: count }, (_, place) => `FL1/${place + 1}/${count}/${whole.slice(place * PIECE, (place + 1) * PIECE)}`)
}
