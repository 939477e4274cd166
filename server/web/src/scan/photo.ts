import { takeExif, upright, withExif } from './exif'
import { fitted, type Size } from './photo_size'

const QUALITY = 0.86
const MIME = 'image/jpeg'

export interface Photo {
  bytes: ArrayBuffer
  mime: string
  size: Size
}

/** A photo as it is kept: upright, at most 2048 pixels long, with what the camera wrote about it. Rejects when it cannot be opened. */
export async function preparePhoto(source: Blob): Promise<Photo> {
  const exif = source.type === MIME ? takeExif(new Uint8Array(await source.slice(0, 128 * 1024).arrayBuffer())) : null
  const picture = await createImageBitmap(source)
  try {
    return await drawn(picture, fitted(picture), exif)
  } finally {
    picture.close()
  }
}

/** The picture that a video shows now. */
export async function photoOf(video: HTMLVideoElement): Promise<Photo> {
  return drawn(video, fitted({ width: video.videoWidth, height: video.videoHeight }), null)
}

async function drawn(picture: CanvasImageSource, size: Size, exif: Uint8Array | null): Promise<Photo> {
  const canvas = new OffscreenCanvas(size.width, size.height)
  const brush = canvas.getContext('2d', { alpha: false })
  if (!brush) throw new Error('there is no canvas to draw on')
  brush.imageSmoothingQuality = 'high'
  brush.drawImage(picture, 0, 0, size.width, size.height)
  const jpeg = await (await canvas.convertToBlob({ type: MIME, quality: QUALITY })).arrayBuffer()
  const bytes = exif ? withExif(new Uint8Array(jpeg), upright(exif)).buffer : jpeg
  return { bytes, mime: MIME, size }
}
