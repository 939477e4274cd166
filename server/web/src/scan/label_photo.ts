import { openDecoder } from './decoder'
import { fitted } from './photo_size'

/** Tried from large to small: a code that fills the photo reads better small, a far one large. */
const SIDES = [1600, 2600, 900]

/** The code in a photo of a label; null when none was found. */
export async function readLabelPhoto(photo: Blob): Promise<string | null> {
  const decoder = openDecoder()
  try {
    const whole = await createImageBitmap(photo)
    for (const side of SIDES) {
      const { width, height } = fitted(whole, side)
      const frame = await createImageBitmap(whole, { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' })
      const found = await decoder.decode(frame, true)
      frame.close()
      if (found) return found.text
    }
    return null
  } catch {
    return null
  } finally {
    decoder.close()
  }
}
