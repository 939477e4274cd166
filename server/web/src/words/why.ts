import type { Reason } from '../core/contract'
import { clock } from './format'
import { say, words, type Key } from './say.svelte'

/** The reasons of the conflict table. */
export const REASONS = [
  'ALREADY_DONE', 'DUPLICATE_SCAN', 'TRANSITION_NOT_ALLOWED', 'STAGE_MOVED', 'ITEM_CLOSED', 'ITEM_PAUSED', 'ORDER_NOT_OPEN', 'ON_HOLD',
  'CLAIM_LOST', 'LABEL_TAKEN', 'UNDO_TOO_LATE', 'ACTIONS_MISSING', 'COMPONENTS_NOT_READY', 'STAGE_NOT_ALLOWED', 'VISITS_EXCEEDED',
  'WRONG_CODE', 'WRONG_LOCATION', 'LABEL_REVOKED', 'SAME_PERSON', 'FORM_INVALID', 'NOT_PERMITTED', 'UNKNOWN_ITEM', 'PRED_FAILED',
  'TOO_OLD', 'DEVICE_REVOKED', 'MALFORMED', 'UNSUPPORTED', 'INTERNAL',
] as const

export type KnownReason = (typeof REASONS)[number]

/** A reason for a person: what it is called, what happened, what to do now. */
export interface Why {
  title: string
  text: string
  next: string
}

/** How ids in a detail are called. */
export interface Called {
  person(id: string): string | null
  stage(key: string): string | null
  action(id: string): string | null
  place(id: string): string | null
}

const NOBODY_KNOWN: Called = { person: () => null, stage: () => null, action: () => null, place: () => null }

export function why(reason: Reason, called: Called = NOBODY_KNOWN): Why {
  if (!isKnown(reason.reason)) {
    return { title: say('why.OTHER.title'), text: say('why.OTHER.text', { reason: reason.reason }), next: say('why.OTHER.next') }
  }
  const name = reason.reason
  return {
    title: say(`why.${name}.title`),
    text: told(name, reason.detail ?? {}, called) ?? say(`why.${name}.text`),
    next: say(`why.${name}.next`),
  }
}

export function isKnown(reason: string): reason is KnownReason {
  return (REASONS as readonly string[]).includes(reason)
}

type Detail = Record<string, unknown>

/** With names and times, when all of them are known. */
function told(reason: KnownReason, detail: Detail, called: Called): string | null {
  const time = timeOf(detail)
  const name = nameOf(detail, called)
  const status = statusOf(detail['status'] ?? detail['from'])
  switch (reason) {
    case 'ALREADY_DONE':
      return name && time ? say('why.ALREADY_DONE.known', { name, time }) : null
    case 'ITEM_PAUSED':
      return withCause(name && time ? say('why.ITEM_PAUSED.known', { name, time }) : null, detail)
    case 'ORDER_NOT_OPEN': {
      const order = statusOf(detail['order_status'])
      return order && say('why.ORDER_NOT_OPEN.known', { status: order })
    }
    case 'CLAIM_LOST':
      return name ? say('why.CLAIM_LOST.known', { name }) : null
    case 'TRANSITION_NOT_ALLOWED':
      return status ? say('why.TRANSITION_NOT_ALLOWED.known', { status }) : null
    case 'ITEM_CLOSED':
      return withCause(status && time ? say('why.ITEM_CLOSED.known', { status, name: name ?? say('why.someone'), time }) : null, detail)
    case 'STAGE_MOVED': {
      const stage = typeof detail['stage_now'] === 'string' ? (called.stage(detail['stage_now']) ?? detail['stage_now']) : null
      return stage && time ? say('why.STAGE_MOVED.known', { name: name ?? say('why.someone'), stage, time }) : null
    }
    case 'ON_HOLD':
      return withCause(time ? say('why.ON_HOLD.known', { time }) : null, detail)
    case 'ACTIONS_MISSING':
      return missing(detail, 'missing', (entry) => (typeof entry === 'string' ? (called.action(entry) ?? entry) : null), 'why.ACTIONS_MISSING.known')
    case 'STAGE_NOT_ALLOWED':
      return missing(detail, 'allowed', (entry) => (typeof entry === 'string' ? (called.stage(entry) ?? entry) : null), 'why.STAGE_NOT_ALLOWED.known')
    case 'WRONG_LOCATION':
      return missing(detail, 'allowed', (entry) => (typeof entry === 'string' ? called.place(entry) : null), 'why.WRONG_LOCATION.known')
    case 'COMPONENTS_NOT_READY':
      return missing(detail, 'missing', (entry) => textIn(entry, 'code'), 'why.COMPONENTS_NOT_READY.known')
    case 'FORM_INVALID':
      return missing(detail, 'errors', (entry) => textIn(entry, 'field')?.split('.').at(-1) ?? null, 'why.FORM_INVALID.known')
    default:
      return null
  }
}

function withCause(text: string | null, detail: Detail): string | null {
  const cause = detail['reason']
  return text && typeof cause === 'string' && cause ? `${text} “${cause}”` : text
}

function missing(
  detail: Detail,
  from: string,
  read: (entry: unknown) => string | null,
  key: `why.${'ACTIONS_MISSING' | 'COMPONENTS_NOT_READY' | 'FORM_INVALID' | 'STAGE_NOT_ALLOWED' | 'WRONG_LOCATION'}.known`,
): string | null {
  const entries = detail[from]
  if (!Array.isArray(entries)) return null
  const names = entries.map(read).filter((name) => name !== null)
  if (names.length === 0) return null
  return say(key, { missing: new Intl.ListFormat(words.locale, { type: 'conjunction' }).format([...new Set(names)]) })
}

function textIn(entry: unknown, key: string): string | null {
  if (typeof entry !== 'object' || entry === null || !(key in entry)) return null
  const text = (entry as Detail)[key]
  return typeof text === 'string' ? text : null
}

function timeOf(detail: Detail): string | null {
  const at = detail['at'] ?? detail['happened_at']
  if (typeof at !== 'string' && typeof at !== 'number') return null
  return Number.isNaN(new Date(at).getTime()) ? null : clock(at)
}

const AN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-/

function nameOf(detail: Detail, called: Called): string | null {
  const by = detail['by']
  if (typeof by !== 'string') return null
  return called.person(by) ?? (AN_ID.test(by) ? null : by)
}

function statusOf(status: unknown): string | null {
  const key = `status.${String(status)}`
  return key in words.catalogue ? say(key as Key & `status.${'active'}`) : null
}
