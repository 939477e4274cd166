import { signal } from '../scan/signals'
import { TICK_MS, Wedge } from '../scan/wedge'
import { readNumber } from './action/configs'
import { preferences } from './preferences.svelte'
import { scanThere } from './scan/handed'

type Taker = (code: string) => void

const takers: Taker[] = []

/** What a hand scanner reads goes to the screen that asked last; without one, to the scan screen. */
export function takeFromWedge(taker: Taker): () => void {
  takers.push(taker)
  return () => {
    const at = takers.lastIndexOf(taker)
    if (at >= 0) takers.splice(at, 1)
  }
}

export function listenToWedge(): () => void {
  const wedge = new Wedge(
    () => preferences.likes.terminator,
    (code) => {
      // What is scanned before a stop alert is confirmed counts for nothing, and confirms nothing.
      if (isStopped()) return signal('stop')
      const taker = takers.at(-1)
      if (taker) taker(code)
      else scanThere(code)
    },
  )
  let before: { field: Field; text: string } | null = null
  let timer: ReturnType<typeof setInterval> | undefined

  function press(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey || event.isComposing) return
    const separates = isSeparator(event)
    if (event.ctrlKey && !separates) return
    const field = fieldOf(event.target)
    const inField = field !== null && !(field instanceof HTMLSelectElement)
    const takes = field?.dataset['takesScanner']
    if (takes !== undefined && takes !== 'number') return
    if (wedge.isQuietAt(event.timeStamp)) before = field ? { field, text: field.value } : null
    const key = { key: separates ? GROUP_SEPARATOR : event.key, time: event.timeStamp, inField, ...(takes === 'number' && { isForField: isNumber }) }
    const heard = wedge.press(key, performance.now())
    // The first keys of a scan pick another option of a list, which asks for no typing at all.
    if (heard.clean || (heard.swallow && before?.field instanceof HTMLSelectElement)) clean()
    if (heard.swallow) {
      event.preventDefault()
      event.stopPropagation()
    }
    timer ??= setInterval(pass, TICK_MS)
  }

  function pass(): void {
    if (wedge.pass(performance.now()).clean) clean()
    if (!wedge.isQuiet) return
    clearInterval(timer)
    timer = undefined
  }

  function clean(): void {
    if (!before || before.field.value === before.text) return
    const { field, text } = before
    field.value = text
    for (const told of ['input', 'change']) field.dispatchEvent(new Event(told, { bubbles: true }))
    if (field instanceof HTMLInputElement && field.dataset['takesScanner'] === 'number') field.select()
  }

  addEventListener('keydown', press, { capture: true })
  return () => {
    removeEventListener('keydown', press, { capture: true })
    clearInterval(timer)
  }
}

/** Ends a field of changing length in a GS1 element string. */
const GROUP_SEPARATOR = '\u001d'

/** Hand scanners type it as Ctrl and the closing bracket, as terminals do, or as F8. */
function isSeparator(event: KeyboardEvent): boolean {
  return event.key === GROUP_SEPARATOR || event.key === 'F8' || (event.ctrlKey && (event.key === ']' || event.code === 'BracketRight'))
}

function isStopped(): boolean {
  return document.querySelector('dialog[role=alertdialog]') !== null
}

function isNumber(text: string): boolean {
  return readNumber(text) !== null
}

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement

const NOT_TYPED_INTO = new Set(['radio', 'checkbox', 'button', 'submit', 'range', 'file', 'color'])

function fieldOf(target: EventTarget | null): Field | null {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return target
  if (target instanceof HTMLInputElement && !NOT_TYPED_INTO.has(target.type)) return target
  return null
}
