import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Decoded, Decoder } from './decoder'
import { readFrames } from './reading'

/** Frames until the first hard look. */
const PATIENCE = 9

const LABEL: Decoded = { text: 'M012345678901000', corners: null }

beforeEach(() => {
  vi.stubGlobal('createImageBitmap', async () => ({ close() {} }))
})

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A camera that shows its next frame when it is told to. */
class Camera {
  readonly videoWidth = 1280
  readonly videoHeight = 960
  readonly clientWidth = 360
  readonly clientHeight = 480
  private waiting: (() => void) | null = null

  requestVideoFrameCallback(seen: () => void): number {
    this.waiting = seen
    return 0
  }

  async show(frames: number): Promise<void> {
    for (let n = 0; n < frames; n += 1) {
      await vi.waitUntil(() => this.waiting !== null, { interval: 1 })
      const seen = this.waiting
      this.waiting = null
      seen?.()
    }
    await vi.waitUntil(() => this.waiting !== null, { interval: 1 })
  }
}

/** Reads nothing at once, and answers a hard look when the test says so. */
class SlowDecoder implements Decoder {
  quick: Decoded | null = null
  quickLooks = 0
  readonly hardLooks: ((found: Decoded | null) => void)[] = []

  decode(_: ImageBitmap | ImageData, harder: boolean): Promise<Decoded | null> {
    if (harder) return new Promise((answer) => this.hardLooks.push(answer))
    this.quickLooks += 1
    return Promise.resolve(this.quick)
  }

  close(): void {}
}

function begin(): { camera: Camera; decoder: SlowDecoder; found: string[]; stop: () => void } {
  const camera = new Camera()
  const decoder = new SlowDecoder()
  const found: string[] = []
  const stop = readFrames(camera as unknown as HTMLVideoElement, decoder, { found: ({ text }) => found.push(text), missed() {} })
  return { camera, decoder, found, stop }
}

test('frames are looked at one after another while a hard look is under way', async () => {
  const { camera, decoder, stop } = begin()
  await camera.show(PATIENCE + 12)
  expect(decoder.quickLooks).toBe(PATIENCE + 12)
  expect(decoder.hardLooks).toHaveLength(1)
  stop()
})

test('what a hard look finds is told, and another one follows only after new misses', async () => {
  const { camera, decoder, found, stop } = begin()
  await camera.show(PATIENCE + 1)
  decoder.hardLooks[0]?.(LABEL)
  await vi.waitUntil(() => found.length > 0)
  expect(found).toEqual([LABEL.text])
  await camera.show(PATIENCE)
  expect(decoder.hardLooks).toHaveLength(1)
  await camera.show(1)
  expect(decoder.hardLooks).toHaveLength(2)
  stop()
})

test('a hard look that answers after a frame was read is not told', async () => {
  const { camera, decoder, found, stop } = begin()
  await camera.show(PATIENCE + 1)
  decoder.quick = { text: 'M012345678901001', corners: null }
  await camera.show(1)
  decoder.hardLooks[0]?.(LABEL)
  await camera.show(1)
  expect(found).toEqual(['M012345678901001', 'M012345678901001'])
  stop()
})

test('nothing is told after the end', async () => {
  const { camera, decoder, found, stop } = begin()
  await camera.show(PATIENCE + 1)
  stop()
  decoder.hardLooks[0]?.(LABEL)
  await Promise.resolve()
  expect(found).toEqual([])
})
