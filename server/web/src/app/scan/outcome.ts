import type { ItemView, Resolved, Scanned } from '../../core/contract'
import { signal } from '../../scan/signals'
import { ago, say } from '../../words'
import { floor } from '../floor.svelte'
import { refusalWords } from '../perform'
import { slipIn } from './slip'

/** What a scan came to, for the person who made it. */
export interface Outcome {
  tone: 'good' | 'warning' | 'stop' | 'news'
  title: string
  lines: string[]
  resolved: Resolved | null
  item: ItemView | null
  raw: string
  /** In a run of many, whether it must be looked at. */
  needsALook: boolean
}

/** Saves a scan, and makes it heard and felt. */
export async function scanCode(raw: string): Promise<Outcome> {
  const outcome = await judged(raw)
  signal(outcome.tone === 'good' ? 'success' : outcome.tone === 'stop' ? 'stop' : 'warning')
  return outcome
}

async function judged(raw: string): Promise<Outcome> {
  // Before the floor is here nobody can say which step a scan is for.
  if (floor.state.person && floor.state.floor?.cursor === null) {
    return { tone: 'warning', title: say('app.waiting'), lines: [say('scan.noFloor')], resolved: null, item: null, raw, needsALook: true }
  }
  try {
    const scanned = await floor.core.scan(raw)
    return await worded(raw, scanned)
  } catch (fault) {
    return { tone: 'warning', title: refusalWords(fault), lines: [], resolved: null, item: null, raw, needsALook: true }
  }
}

async function worded(raw: string, { act, resolved, again, action_id }: Scanned): Promise<Outcome> {
  const base = { resolved, raw, item: null, lines: [] as string[] }
  if (again) base.lines.push(sameCode(again))
  switch (resolved.kind) {
    case 'item': {
      const item = await floor.core.item(resolved.id)
      return { ...base, ...ofItem(item, act === null), title: item?.code ?? resolved.code ?? resolved.id, lines: [...base.lines, ...(act === null ? [] : [kept(item, action_id)])] }
    }
    case 'location':
      return { ...base, tone: 'news', title: say('scan.location.title', { name: resolved.name ?? resolved.id }), needsALook: false }
    case 'user':
      return { ...base, tone: 'news', title: say('scan.user.title', { name: resolved.name ?? resolved.id }), needsALook: false }
    case 'action':
      return { ...base, tone: 'news', title: say('scan.action.title', { name: resolved.id }), needsALook: false }
    case 'blank':
      return { ...base, tone: 'warning', title: say('scan.blank.title'), lines: [...base.lines, say('scan.blank')], needsALook: true }
    case 'revoked':
      return { ...base, tone: 'stop', title: say('scan.revoked.title'), lines: [...base.lines, say('scan.revoked')], needsALook: true }
    case 'foreign':
      return { ...base, tone: 'warning', title: say('scan.foreign.title'), lines: [...base.lines, say('scan.foreign')], needsALook: true }
    case 'unsound':
    case 'text': {
      const slip = slipIn(resolved, raw)
      const text = resolved.kind === 'text' ? resolved.text : resolved.code
      const line = slip === null ? say('scan.text', { text }) : say('scan.unsound', { code: slip })
      return { ...base, tone: 'warning', title: say('scan.text.title'), lines: [...base.lines, line], needsALook: true }
    }
  }
}

/** How an item stands for who scanned it. */
export function ofItem(item: ItemView | null, again: boolean): Pick<Outcome, 'tone' | 'item' | 'needsALook'> {
  const closed = item?.status === 'scrapped' || item?.status === 'cancelled'
  const rests = item?.status === 'on_hold' || item?.status === 'paused' || item?.status === 'error'
  if (closed) return { tone: 'stop', item, needsALook: true }
  if (rests || !item) return { tone: 'warning', item, needsALook: true }
  return { tone: again ? 'warning' : 'good', item, needsALook: false }
}

function kept(item: ItemView | null, actionId: string | null): string {
  const action = item?.actions.find((one) => one.id === actionId)
  return action ? say('scan.counted', { name: action.label }) : say('scan.recorded')
}

function sameCode({ by, name, time }: NonNullable<Scanned['again']>): string {
  const when = ago(time)
  return by === floor.state.person?.id ? say('scan.againYou', { time: when }) : say('scan.again', { name: name ?? say('why.someone'), time: when })
}
