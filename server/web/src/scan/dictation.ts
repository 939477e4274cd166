/** Speech to text where the browser has it. */

interface Recognition extends EventTarget {
  lang: string
  continuous: boolean
  interimResults: boolean
  onresult: ((event: { resultIndex: number; results: ArrayLike<ArrayLike<{ transcript: string }> & { isFinal: boolean }> }) => void) | null
  onerror: ((event: { error: string }) => void) | null
  onend: (() => void) | null
  start(): void
  stop(): void
}

type Recogniser = new () => Recognition

interface Telling {
  heard(said: string): void
  ended(fault: boolean): void
}

const scope = globalThis as { SpeechRecognition?: Recogniser; webkitSpeechRecognition?: Recogniser }
const Recogniser = scope.SpeechRecognition ?? scope.webkitSpeechRecognition

export function dictation(language: string, tell: Telling): { stop(): void } {
  if (!Recogniser) return { stop() {} }
  const listening = new Recogniser()
  let fault = false
  listening.lang = language
  listening.continuous = true
  listening.interimResults = false
  listening.onresult = ({ resultIndex, results }) => {
    for (let index = resultIndex; index < results.length; index++) {
      const result = results[index]
      const said = result?.isFinal ? result[0]?.transcript.trim() : undefined
      if (said) tell.heard(said)
    }
  }
  listening.onerror = ({ error }) => (fault = error !== 'aborted')
  listening.onend = () => tell.ended(fault)
  listening.start()
  return { stop: () => listening.stop() }
}

dictation.isHere = Recogniser !== undefined
