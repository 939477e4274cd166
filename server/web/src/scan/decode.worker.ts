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

type Reader = (rgba: Uint8Array, width: number, height: number) => string | undefined

const scope = self as unknown as { postMessage(read: Read): void; onmessage: ((event: MessageEvent<Frame>) => void) | null }

let reader: Promise<Reader> | null = null
let canvas: OffscreenCanvas | null = null

async function open(harder: boolean): Promise<Reader> {
  if (harder) {
    const [module, url] = await Promise.all([import('./wasm/harder'), import('./wasm/harder_bg.wasm?url')])
    await module.default({ module_or_path: url.default })
    return (rgba, width, height) => module.harder(rgba, width, height, WITHIN_MS)
  }
  const [module, url] = await Promise.all([import('./wasm/quick'), import('./wasm/quick_bg.wasm?url')])
  await module.default({ module_or_path: url.default })
  return (rgba, width, height) => module.quick(rgba, width, height)
}

scope.onmessage = ({ data }) => {
  void read(data)
}

async function read({ id, harder, frame }: Frame): Promise<void> {
  let text: string | null = null
  try {
    reader ??= open(harder)
    const { data, width, height } = pixels(frame)
    text = (await reader)(new Uint8Array(data.buffer), width, height) ?? null
  } catch (error) {
    // A module that trapped is not used again.
    reader = null
    console.warn('the decoder gave up on a frame', error)
  }
  scope.postMessage({ id, text })
}

function pixels(frame: ImageBitmap | ImageData): ImageData {
  if (frame instanceof ImageData) return frame
  const { width, height } = frame
  if (canvas === null || canvas.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) throw new Error('no canvas')
  context.drawImage(frame, 0, 0)
  frame.close()
  return context.getImageData(0, 0, width, height)
}
