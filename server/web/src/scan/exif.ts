/**
 * A JPEG's Exif segment, carried from the camera's file over to the smaller one: when, with what and where a photo was taken is evidence, and
 * drawing a picture anew forgets it.
 */

const SEGMENT = 0xff
const START = 0xd8
const APP1 = 0xe1
const SCAN_DATA = 0xda
const NAME = [0x45, 0x78, 0x69, 0x66, 0, 0]
const ORIENTATION = 0x0112

/** The whole segment, its marker included; null when there is none. */
export function takeExif(jpeg: Uint8Array): Uint8Array | null {
  if (jpeg[0] !== SEGMENT || jpeg[1] !== START) return null
  let at = 2
  while (at + 4 <= jpeg.length && jpeg[at] === SEGMENT && jpeg[at + 1] !== SCAN_DATA) {
    const length = ((jpeg[at + 2] ?? 0) << 8) | (jpeg[at + 3] ?? 0)
    const end = at + 2 + length
    if (length < 2 || end > jpeg.length) return null
    if (jpeg[at + 1] === APP1 && NAME.every((byte, index) => jpeg[at + 4 + index] === byte)) return jpeg.slice(at, end)
    at = end
  }
  return null
}

/** The same segment for a picture whose pixels were already turned upright. */
export function upright(segment: Uint8Array): Uint8Array {
  const copy = segment.slice()
  const tiff = 4 + NAME.length
  const view = new DataView(copy.buffer, copy.byteOffset, copy.byteLength)
  if (copy.length < tiff + 8) return copy
  const little = view.getUint16(tiff) === 0x4949
  const directory = tiff + view.getUint32(tiff + 4, little)
  if (directory + 2 > copy.length) return copy
  const entries = view.getUint16(directory, little)
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + entry * 12
    if (at + 12 > copy.length) break
    if (view.getUint16(at, little) === ORIENTATION) view.setUint16(at + 8, 1, little)
  }
  return copy
}

export function withExif(jpeg: Uint8Array, segment: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(jpeg.length + segment.length)
  whole.set(jpeg.subarray(0, 2))
  whole.set(segment, 2)
  whole.set(jpeg.subarray(2), 2 + segment.length)
  return whole
}
