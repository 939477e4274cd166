/** Reads one frame after another: the cheap pass, or the whole ladder. Each worker loads only the module it needs. */

export interface Frame {
  id: number
  harder: boolean
  frame: ImageBitmap | ImageData
}

export interface Read {
  id: number
  text: string | null
}

/** A hard look ends after this, and the pass then under way. */
const WITHIN_MS = 400

type Reader = (pixels: Uint8Array, width: number, height: number) => string | undefined

const scope = self as unknown as { postMessage(read: Read): void; onmessage: ((event: MessageEvent<Frame>) => void) | null }

let reader: Promise<Reader> | null = null
let buffer = new Uint8Array(0)
let canvas: OffscreenCanvas | null = null

async function open(harder: boolean): Promise<Reader> {
  if (harder) {
    const [module, url] = await Promise.all([import('./wasm/harder'), import('./wasm/harder_bg.wasm?url')])
    await module.default({ module_or_path: url.default })
    return (pixels, width, height) => module.harder(pixels, width, height, WITHIN_MS)
  }
  const [module, url] = await Promise.all([import('./wasm/quick'), import('./wasm/quick_bg.wasm?url')])
  await module.default({ module_or_path: url.default })
  return (pixels, width, height) => module.quick(pixels, width, height)
}

/** One frame after another: they share a buffer. */
let line = Promise.resolve()

scope.onmessage = ({ data }) => {
  line = line.then(() => read(data))
}

async function read({ id, harder, frame }: Frame): Promise<void> {
  let text: string | null = null
  try {
    reader ??= open(harder)
    const { width, height } = frame
    const pixels = frame instanceof ImageData ? frame.data : ((await copied(frame)) ?? drawn(frame))
    text = (await reader)(new Uint8Array(pixels.buffer), width, height) ?? null
  } catch (error) {
    // A module that trapped is not used again.
    reader = null
    console.warn('the decoder gave up on a frame', error)
  }
  if (!(frame instanceof ImageData)) frame.close()
  scope.postMessage({ id, text })
}

/** The pixels as they lie there, four bytes each, in a few tenths of a millisecond; null where a browser does not give them so. */
async function copied(frame: ImageBitmap): Promise<Uint8Array | null> {
  if (!('VideoFrame' in globalThis)) return null
  const video = new VideoFrame(frame, { timestamp: 0 })
  try {
    const size = 4 * frame.width * frame.height
    if (!/^(RGB|BGR)[AX]$/.test(video.format ?? '') || video.allocationSize() !== size) return null
    if (buffer.length !== size) buffer = new Uint8Array(size)
    await video.copyTo(buffer)
    return buffer
  } catch {
    return null
  } finally {
    video.close()
  }
}

/** The same through a canvas, which takes several milliseconds. */
function drawn(frame: ImageBitmap): Uint8ClampedArray {
  const { width, height } = frame
  if (canvas === null || canvas.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) throw new Error('no canvas')
  context.drawImage(frame, 0, 0)
  return context.getImageData(0, 0, width, height).data
}
