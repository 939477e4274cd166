/**
 * A label's code: a kind letter, twelve Crockford base 32 characters, two check characters by ISO/IEC 7064 MOD 1271-36 over the thirteen before
 * them. Here only so that someone typing gets help at once; what a code means is the core's to say.
 */

const LENGTH = 15
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

export interface LabelCode {
  text: string
  sound: boolean
}

/** The label code in a typed or scanned text, with look-alike letters put right; null when nothing in it has the shape of one. */
export function readLabelCode(raw: string): LabelCode | null {
  const text = plain(raw)
  if (!/^[MPW][0-9A-Z]{14}$/.test(text)) return null
  return { text, sound: checkCharacters(text.slice(0, -2)) === text.slice(-2) }
}

/** What has been typed of a label code: how many characters are still to come; null when it is not the beginning of one. */
export function stillMissing(raw: string): number | null {
  const text = plain(raw)
  return /^[MPW][0-9A-Z]*$/.test(text) && text.length < LENGTH ? LENGTH - text.length : null
}

export function checkCharacters(body: string): string {
  const rest = [...body, '0', '0'].reduce((sum, character) => (sum * 36 + ALPHABET.indexOf(character)) % 1271, 0)
  const value = (1 + 1271 - rest) % 1271
  return (ALPHABET[Math.floor(value / 36)] ?? '') + (ALPHABET[value % 36] ?? '')
}

function plain(raw: string): string {
  const last = raw.trim().split('/').at(-1) ?? ''
  const letters = last.toUpperCase().replace(/[\s-]/g, '')
  return letters.slice(0, 1) + letters.slice(1).replaceAll('O', '0').replace(/[IL]/g, '1')
}
