export interface Decoder {
  decode(frame: ImageBitmap | ImageData, harder: boolean): Promise<Decoded | null>
  close(): void
}

export interface Decoded {
  text: string
  corners: { x: number; y: number }[] | null
}

interface Detector {
  detect(frame: ImageBitmap | ImageData): Promise<{ rawValue: string; cornerPoints: { x: number; y: number }[] }[]>
}

declare global {
  var BarcodeDetector: (new (options?: { formats: string[] }) => Detector) | undefined
}

export function openDecoder(): Decoder {
  const detector = globalThis.BarcodeDetector ? new globalThis.BarcodeDetector() : null
  return {
    async decode(frame) {
      const [found] = (await detector?.detect(frame)) ?? []
      return found ? { text: found.rawValue, corners: found.cornerPoints } : null
    },
    close() {},
  }
}
