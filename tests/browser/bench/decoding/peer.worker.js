/** A decoder from npm behind the same messages as the handheld's own worker, which gets at a frame's pixels in the same way. */

const READERS = {
  'zxing-wasm': async () => {
    const { prepareZXingModule, readBarcodes } = await import('/modules/zxing-wasm/dist/es/reader/index.js')
    const locateFile = (file) => `/modules/zxing-wasm/dist/reader/${file}`
    await prepareZXingModule({ overrides: { locateFile }, fireImmediately: true })
    const options = { tryHarder: true, formats: ['QRCode'], maxNumberOfSymbols: 1 }
    return async (pixels) => (await readBarcodes(pixels, options))[0]?.text ?? null
  },
  jsqr: async () => {
    importScripts('/modules/jsqr/dist/jsQR.js')
    return ({ data, width, height }) => self.jsQR(data, width, height)?.data || null
  },
}

const reader = READERS[self.name]()
let buffer = new Uint8ClampedArray(0)

self.onmessage = async ({ data: { id, frame } }) => {
  const read = await reader
  self.postMessage({ id, text: await read(await pixels(frame)) })
}

async function pixels(frame) {
  const { width, height } = frame
  if (buffer.length !== 4 * width * height) buffer = new Uint8ClampedArray(4 * width * height)
  const video = new VideoFrame(frame, { timestamp: 0 })
  await video.copyTo(buffer)
  video.close()
  frame.close()
  return new ImageData(buffer, width, height)
}
