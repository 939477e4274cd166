export type CameraFault = 'refused' | 'missing' | 'busy' | 'insecure'

export class NoCamera extends Error {
  constructor(readonly why: CameraFault) {
    super(why)
  }
}

/** What the standard's types do not know yet. */
interface Abilities extends MediaTrackCapabilities {
  torch?: boolean
  zoom?: { min: number; max: number; step: number }
  focusMode?: string[]
}

interface Wish extends MediaTrackConstraintSet {
  torch?: boolean
  zoom?: number
  focusMode?: string
  pointsOfInterest?: { x: number; y: number }[]
}

export class Camera {
  readonly torch: boolean
  readonly zoom: { min: number; max: number; step: number } | null
  readonly focusable: boolean
  private readonly track: MediaStreamTrack

  constructor(readonly stream: MediaStream) {
    const [track] = stream.getVideoTracks()
    if (!track) throw new NoCamera('missing')
    this.track = track
    const abilities: Abilities = track.getCapabilities?.() ?? {}
    this.torch = abilities.torch === true
    this.zoom = abilities.zoom && abilities.zoom.max > abilities.zoom.min ? abilities.zoom : null
    this.focusable = abilities.focusMode?.includes('single-shot') ?? false
  }

  setTorch(torch: boolean): Promise<void> {
    return this.wish({ torch })
  }

  setZoom(zoom: number): Promise<void> {
    return this.wish({ zoom })
  }

  /** `x` and `y` from 0 to 1 within the picture. */
  focusAt(x: number, y: number): Promise<void> {
    return this.wish({ focusMode: 'single-shot', pointsOfInterest: [{ x, y }] })
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop()
  }

  private wish(wish: Wish): Promise<void> {
    return this.track.applyConstraints({ advanced: [wish] }).catch(() => undefined)
  }
}

/** The camera that looks away from the person; rejects with {@link NoCamera}. */
export async function openCamera(width = 1280, height = 960): Promise<Camera> {
  if (!isSecureContext) throw new NoCamera('insecure')
  if (!navigator.mediaDevices?.getUserMedia) throw new NoCamera('missing')
  const video = { facingMode: { ideal: 'environment' }, width: { ideal: width }, height: { ideal: height } }
  try {
    return new Camera(await navigator.mediaDevices.getUserMedia({ video, audio: false }))
  } catch (fault) {
    throw fault instanceof NoCamera ? fault : new NoCamera(whyNot(fault))
  }
}

function whyNot(fault: unknown): CameraFault {
  const name = fault instanceof DOMException ? fault.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused'
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy'
  return 'missing'
}
