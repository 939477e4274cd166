/** The codes on a dying phone's screen, read one after the other in any order, as often as they come by. */

const PIECE = /^FL1\/([^/]+)\/(\d+)\/(\d+)\/([\w-]+)$/
const MIME = 'application/x-ndjson'

export const isPiece = (text: string): boolean => PIECE.test(text)

/** What was read of one export. */
export interface Pieces {
  export: string
  total: number
  have: ReadonlyMap<number, string>
}

/** With what a code says; a code of another export begins anew. Null for a code that is no piece. */
export function withPiece(pieces: Pieces | null, text: string): Pieces | null {
  const [, name, number, total, piece] = PIECE.exec(text) ?? []
  if (name === undefined || piece === undefined) return null
  const known = pieces?.export === name && pieces.total === Number(total) ? pieces.have : []
  return { export: name, total: Number(total), have: new Map([...known, [Number(number), piece]]) }
}

export const isWhole = ({ total, have }: Pieces): boolean => have.size === total

/** The lines they were made of; rejects when they do not fit together. */
export async function unpacked({ total, have }: Pieces): Promise<Blob> {
  const text = Array.from({ length: total }, (_, place) => have.get(place + 1) ?? '').join('')
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
  const lines = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Blob([await new Response(lines).arrayBuffer()], { type: MIME })
}
