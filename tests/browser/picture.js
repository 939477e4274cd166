/** Pictures for a phone's gallery, drawn by its own browser: none of them lies in the repository. */

/** A JPEG of this size, of coloured fields; `noisy`: of noise, which no format makes small. */
export async function drawn(page, { width, height, noisy = false }) {
  const text = await page.evaluate(
    async ({ width, height, noisy }) => {
      const canvas = new OffscreenCanvas(width, height)
      const brush = canvas.getContext('2d')
      for (let at = 0; at < 90; at += 1) {
        brush.fillStyle = `hsl(${at * 37} 60% 50%)`
        brush.fillRect((at % 10) * (width / 10), Math.floor(at / 10) * (height / 9), width / 10, height / 9)
      }
      if (noisy) {
        const picture = brush.getImageData(0, 0, width, height)
        for (let at = 0; at < picture.data.length; at += 65_536) crypto.getRandomValues(picture.data.subarray(at, at + 65_536))
        brush.putImageData(picture, 0, 0)
      }
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.6 })).arrayBuffer())
      let text = ''
      for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768))
      return btoa(text)
    },
    { width, height, noisy },
  )
  return Buffer.from(text, 'base64')
}

/** What a camera held upright writes about a picture that lies on its side: its make, when and where it was taken. */
export const CAMERA = { make: 'Mill', taken: '2026:03:04 05:06:07', zone: '+06:00', latitude: [23, 48, 36], longitude: [90, 24, 0] }

/** The same JPEG with a camera's Exif segment, its pixels to be turned a quarter to the right. */
export function fromCamera(jpeg) {
  return Buffer.concat([jpeg.subarray(0, 2), exifOf(6), jpeg.subarray(2)])
}

/** A whole Exif segment, {@link CAMERA}'s, with the orientation that is asked for. */
export function exifOf(orientation) {
  const [ascii, short, long, rational] = [2, 3, 4, 5]
  const text = (text) => Buffer.from(`${text}\0`, 'latin1')
  const number = (value, bytes) => Buffer.from([...Array(bytes).keys()].map((at) => (value >> (8 * at)) & 0xff))
  const degrees = (parts) => Buffer.concat(parts.flatMap((part) => [number(part, 4), number(1, 4)]))
  /** The directory of these tags, as it stands at `at`: twelve bytes a tag, and behind them what does not fit into four. */
  const directory = (at, tags) => {
    const behind = []
    let free = at + 2 + tags.length * 12 + 4
    const lines = tags.map(([tag, type, count, value]) => {
      const line = [number(tag, 2), number(type, 2), number(count, 4)]
      if (value.length <= 4) return Buffer.concat([...line, value, Buffer.alloc(4 - value.length)])
      behind.push(value)
      free += value.length
      return Buffer.concat([...line, number(free - value.length, 4)])
    })
    return Buffer.concat([number(tags.length, 2), ...lines, number(0, 4), ...behind])
  }
  const first = (photo, place) =>
    directory(8, [
      [0x010f, ascii, CAMERA.make.length + 1, text(CAMERA.make)],
      [0x0112, short, 1, number(orientation, 2)],
      [0x8769, long, 1, number(photo, 4)],
      [0x8825, long, 1, number(place, 4)],
    ])
  const when = (at) =>
    directory(at, [
      [0x9003, ascii, 20, text(CAMERA.taken)],
      [0x9011, ascii, 7, text(CAMERA.zone)],
    ])
  const where = (at) =>
    directory(at, [
      [0x0001, ascii, 2, text('N')],
      [0x0002, rational, 3, degrees(CAMERA.latitude)],
      [0x0003, ascii, 2, text('E')],
      [0x0004, rational, 3, degrees(CAMERA.longitude)],
    ])
  const photo = 8 + first(0, 0).length
  const place = photo + when(photo).length
  const tiff = Buffer.concat([Buffer.from('II*\0\b\0\0\0', 'latin1'), first(photo, place), when(photo), where(place)])
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff])
  return Buffer.concat([Buffer.from([0xff, 0xe1, (body.length + 2) >> 8, (body.length + 2) & 0xff]), body])
}
