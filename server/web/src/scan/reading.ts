import type { Decoder } from './decoder'
import { behindGuide, inBox, type Extent } from './region'

export interface Reading {
  text: string
  /** Where it is seen in the box of the video. */
  corners: { x: number; y: number }[] | null
}

/** The cheap pass alone for the first frames; then every third frame is also looked at harder. */
const PATIENCE_FRAMES = 8
const HARDER_EVERY = 3
const LARGEST_SIDE = 1280

interface Telling {
  found(reading: Reading): void
  /** Nothing was found for this many frames in a row. */
  missed(frames: number): void
}

/** Decodes the frames of a video until told to stop: cheaply one after another, and harder beside them while nothing is found. */
export function readFrames(video: HTMLVideoElement, decoder: Decoder, tell: Telling): () => void {
  let stopped = false
  let misses = 0
  let isLookingHarder = false

  async function look(): Promise<void> {
    if (stopped) return
    if (misses > PATIENCE_FRAMES && misses % HARDER_EVERY === 0) void lookHarder()
    try {
      const reading = await decodeOne(video, decoder, false)
      if (stopped) return
      misses = reading ? 0 : misses + 1
      if (reading) tell.found(reading)
      else tell.missed(misses)
    } catch {
      misses += 1
    }
    wait()
  }

  /** Takes as long as many frames, and never holds the next one up. */
  async function lookHarder(): Promise<void> {
    if (isLookingHarder) return
    isLookingHarder = true
    const reading = await decodeOne(video, decoder, true).catch(() => null)
    isLookingHarder = false
    // Where a frame was read meanwhile, the person has gone on.
    if (stopped || !reading || misses <= PATIENCE_FRAMES) return
    misses = 0
    tell.found(reading)
  }

  function wait(): void {
    if (stopped) return
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(() => void look())
    else setTimeout(() => void look(), 60)
  }

  wait()
  return () => {
    stopped = true
  }
}

async function decodeOne(video: HTMLVideoElement, decoder: Decoder, harder: boolean): Promise<Reading | null> {
  const picture: Extent = { width: video.videoWidth, height: video.videoHeight }
  const box: Extent = { width: video.clientWidth, height: video.clientHeight }
  if (!picture.width || !box.width) return null
  const region = behindGuide(picture, box)
  const shrink = Math.min(1, LARGEST_SIDE / Math.max(region.width, region.height))
  const frame = await createImageBitmap(video, region.x, region.y, region.width, region.height, {
    resizeWidth: Math.round(region.width * shrink),
    resizeHeight: Math.round(region.height * shrink),
  })
  try {
    const found = await decoder.decode(frame, harder)
    if (!found) return null
    const corners = found.corners?.map(({ x, y }) => inBox({ x: region.x + x / shrink, y: region.y + y / shrink }, picture, box)) ?? null
    return { text: found.text, corners }
  } finally {
    frame.close()
  }
}
