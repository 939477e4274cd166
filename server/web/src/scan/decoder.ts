/** Reads codes out of frames without holding the page up: by the browser's own detector where there is one, else by ours in a worker. */

import type { Frame, Read } from './decode.worker'

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

interface DetectorClass {
  new (options: { formats: string[] }): Detector
  getSupportedFormats(): Promise<string[]>
}

declare global {
  var BarcodeDetector: DetectorClass | undefined
}

export function openDecoder(): Decoder {
  const detector = openDetector()
  let quick: Reader | null = null
  let hard: Reader | null = null
  return {
    async decode(frame, harder) {
      const [found] = (await (await detector)?.detect(frame).catch(() => [])) ?? []
      if (found !== undefined && found.rawValue !== '') return { text: found.rawValue, corners: found.cornerPoints }
      const reader = harder ? (hard ??= new Reader(true)) : (quick ??= new Reader(false))
      const text = await reader.read(frame)
      return text === null ? null : { text, corners: null }
    },
    close() {
      quick?.close()
      hard?.close()
    },
  }
}

async function openDetector(): Promise<Detector | null> {
  const Detecting = globalThis.BarcodeDetector
  if (Detecting === undefined) return null
  const formats = await Detecting.getSupportedFormats().catch((): string[] => [])
  return formats.includes('qr_code') ? new Detecting({ formats: ['qr_code'] }) : null
}

class Reader {
  private readonly worker = new Worker(new URL('./decode.worker.ts', import.meta.url), { type: 'module', name: 'scan' })
  private readonly waiting = new Map<number, (text: string | null) => void>()
  private number = 0

  constructor(private readonly harder: boolean) {
    this.worker.onmessage = ({ data }: MessageEvent<Read>) => {
      this.waiting.get(data.id)?.(data.text)
      this.waiting.delete(data.id)
    }
    this.worker.onerror = () => this.giveUp()
  }

  read(frame: ImageBitmap | ImageData): Promise<string | null> {
    this.number += 1
    const asked: Frame = { id: this.number, harder: this.harder, frame }
    return new Promise((resolve) => {
      this.waiting.set(asked.id, resolve)
      this.worker.postMessage(asked, frame instanceof ImageData ? [] : [frame])
    })
  }

  close(): void {
    this.worker.terminate()
    this.giveUp()
  }

  private giveUp(): void {
    for (const resolve of this.waiting.values()) resolve(null)
    this.waiting.clear()
  }
}
