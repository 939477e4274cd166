import { preferences } from '../app/preferences.svelte'
import { painted } from '../ui/painted'

export type Signal = 'success' | 'warning' | 'stop'

interface Tone {
  frequency: number
  from: number
  to: number
}

/** Told apart by rhythm and pitch, in noise and with gloves. */
const TONES: Record<Signal, Tone[]> = {
  success: [{ frequency: 1320, from: 0, to: 0.09 }],
  warning: [
    { frequency: 660, from: 0, to: 0.11 },
    { frequency: 660, from: 0.19, to: 0.3 },
  ],
  stop: [
    { frequency: 330, from: 0, to: 0.28 },
    { frequency: 247, from: 0.34, to: 0.62 },
    { frequency: 330, from: 0.68, to: 0.96 },
  ],
}

const RHYTHMS: Record<Signal, number[]> = {
  success: [40],
  warning: [70, 70, 70],
  stop: [300, 90, 300, 90, 500],
}

let audio: AudioContext | undefined

export function signal(kind: Signal): void {
  const { sound, vibration } = preferences.likes
  if (vibration && 'vibrate' in navigator && touched()) navigator.vibrate(RHYTHMS[kind])
  if (!sound) return
  // Opening the audio takes up to a tenth of a second: what there is to see comes before the first sound.
  if (audio === undefined && !document.hidden) void painted().then(() => play(TONES[kind]))
  else play(TONES[kind])
}

function play(tones: Tone[]): void {
  if (typeof AudioContext === 'undefined' || !touched()) return
  audio ??= new AudioContext()
  void audio.resume()
  const start = audio.currentTime + 0.01
  for (const { frequency, from, to } of tones) {
    const voice = audio.createOscillator()
    const loudness = audio.createGain()
    voice.type = 'square'
    voice.frequency.value = frequency
    loudness.gain.setValueAtTime(0, start + from)
    loudness.gain.linearRampToValueAtTime(0.25, start + from + 0.01)
    loudness.gain.setValueAtTime(0.25, start + to - 0.02)
    loudness.gain.linearRampToValueAtTime(0, start + to)
    voice.connect(loudness).connect(audio.destination)
    voice.start(start + from)
    voice.stop(start + to)
  }
}

/** Browsers let a page be heard and felt only after a person has touched it. */
function touched(): boolean {
  return navigator.userActivation?.hasBeenActive ?? true
}
