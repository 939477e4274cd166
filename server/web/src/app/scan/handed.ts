import { go } from '../here.svelte'

type Reader = (code: string) => void

let reader: Reader | null = null
let handed: string | null = null

/** Has the scan screen read a code that came beside it. It is not in the address: whoever comes back to one, or loads it anew, scans nothing. */
export function scanThere(code: string): void {
  if (reader) return reader(code)
  handed = code
  go('scan')
}

/** For the scan screen, as long as it stands: what was handed over before, and what is from now on. */
export function readHanded(read: Reader): () => void {
  reader = read
  const code = handed
  handed = null
  if (code !== null) read(code)
  return () => {
    if (reader === read) reader = null
  }
}

let piece: string | null = null

/** Has the screen that takes in another phone's work begin with a piece that was read here. */
export function handInFrom(code: string): void {
  piece = code
  go('hand-in')
}

export function handedPiece(): string | null {
  const handed = piece
  piece = null
  return handed
}
