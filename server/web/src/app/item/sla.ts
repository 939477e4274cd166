import type { ItemLine } from '../../core/contract'

export interface Sla {
  colour: 'green' | 'yellow' | 'red'
  spent: number
  expected: number
}

const MINUTE = 60_000

/** Under four fifths of the stage's minutes green, to all of them yellow, beyond red; null for a stage without a measure and closed items. */
export function slaOf(item: Pick<ItemLine, 'expected_minutes' | 'stage_entered_at' | 'status'>, now: number): Sla | null {
  if (!item.expected_minutes || ['completed', 'scrapped', 'cancelled'].includes(item.status)) return null
  const spent = Math.max(0, Math.floor((now - Date.parse(item.stage_entered_at)) / MINUTE))
  const part = spent / item.expected_minutes
  return { colour: part < 0.8 ? 'green' : part <= 1 ? 'yellow' : 'red', spent, expected: item.expected_minutes }
}

const WEIGHTS = { urgent: 0, high: 1, normal: 2, low: 3 } as const

/** Priority first, then how much of its time is gone. */
export function byUrgency(now: number): (a: ItemLine, b: ItemLine) => number {
  const used = (item: ItemLine): number => {
    const sla = slaOf(item, now)
    return sla ? sla.spent / sla.expected : 0
  }
  return (a, b) => WEIGHTS[a.priority] - WEIGHTS[b.priority] || used(b) - used(a) || a.code.localeCompare(b.code)
}
