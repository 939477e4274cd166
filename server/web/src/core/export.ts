/** Everything unsent, out of a phone that cannot send it: a file with its photos, or a run of QR codes without them; and into the server from another. */

import { Problem, type Api } from './api'
import type { HandedIn } from './contract'
import { base64url, sha256, utf8 } from './key'
import type { KeptDevice, Storage } from './storage'

export const MIME = 'application/x-ndjson'

/** Characters of one code: readable from a cracked screen. */
const PIECE = 900
/** No head is longer. */
const HEAD_BYTES = 1024
/** A factory's network, and many photos. */
const WITHIN = 600_000

interface Entry {
  seq: number
  stream_id: string
  bytes: string
  hash: string
  verdict: string | null
}

interface Lease {
  lease_id: string
  lease: string
}

/** Lines of JSON: what it is, the leases that entries name, each entry as it would be sent, then each photo. */
export async function exportFile(storage: Storage, device: KeptDevice): Promise<Blob> {
  const lines: BlobPart[] = [await work(storage, device)]
  for await (const { sha256: hash, mime, size, bytes } of storage.files()) {
    // As a blob of its own the browser may lay it aside before the next one is read.
    lines.push(new Blob([JSON.stringify({ line: 'file', sha256: hash, mime, size, base64url: base64url(new Uint8Array(bytes)) }), '\n']))
  }
  return new Blob(lines, { type: MIME })
}

/** `FL1/<export>/<number>/<of>/<piece>`: the pieces of one export put together are base64url of gzip of the lines. */
export async function exportCodes(storage: Storage, device: KeptDevice): Promise<string[]> {
  const packed = new Blob([utf8(await work(storage, device))]).stream().pipeThrough(new CompressionStream('gzip'))
  const bytes = await new Response(packed).arrayBuffer()
  const [whole, name] = [base64url(new Uint8Array(bytes)), (await sha256(bytes)).slice(0, 6)]
  const count = Math.max(1, Math.ceil(whole.length / PIECE))
  return Array.from({ length: count }, (_, place) => `FL1/${name}/${place + 1}/${count}/${whole.slice(place * PIECE, (place + 1) * PIECE)}`)
}

/** Hands in what was taken off another phone, for whoever is signed in here. Twice counts once. */
export async function handIn(api: Api, unsent: Blob): Promise<HandedIn> {
  const device = await deviceOf(unsent)
  if (device === null) throw new Problem(400, 'BAD_REQUEST', 'This is no export of a phone.')
  return api.json<HandedIn>(`/v1/devices/${encodeURIComponent(device)}/unsent`, {
    method: 'POST',
    body: unsent,
    headers: { 'Content-Type': MIME },
    within: WITHIN,
  })
}

async function work(storage: Storage, device: KeptDevice): Promise<string> {
  const kept = await storage.load()
  const unsent = (kept.entries as Entry[]).filter((entry) => entry.verdict === null).sort((one, other) => one.seq - other.seq)
  const leases = (kept.leases as Lease[]).filter(({ lease_id }) => unsent.some((entry) => entry.bytes.includes(lease_id)))
  const head = { kind: 'floorline.unsent', version: 1, device_id: device.id, exported_time: Date.now() }
  const lines = [
    JSON.stringify(head),
    ...leases.map(({ lease_id, lease }) => JSON.stringify({ line: 'lease', lease_id, lease })),
    // An entry's own text stays as it is: it is what the hash was made of.
    ...unsent.map(({ stream_id, seq, hash, bytes }) => `{"line":"entry","stream_id":"${stream_id}","seq":${seq},"hash":"${hash}","entry":${bytes}}`),
  ]
  return `${lines.join('\n')}\n`
}

async function deviceOf(unsent: Blob): Promise<string | null> {
  const [head] = (await unsent.slice(0, HEAD_BYTES).text()).split('\n')
  try {
    const { kind, device_id } = JSON.parse(head ?? '') as { kind?: unknown; device_id?: unknown }
    return kind === 'floorline.unsent' && typeof device_id === 'string' ? device_id : null
  } catch {
    return null
  }
}
