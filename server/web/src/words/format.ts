import { words } from './say.svelte'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export function number(value: number, digits = 6): string {
  return new Intl.NumberFormat(words.locale, { maximumFractionDigits: digits }).format(value)
}

export function count(value: number): string {
  return words.numbers.format(value)
}

/** Bytes, as people say them. */
export function size(bytes: number): string {
  const [unit, divisor] = bytes < 1e6 ? (['kilobyte', 1e3] as const) : bytes < 1e9 ? (['megabyte', 1e6] as const) : (['gigabyte', 1e9] as const)
  const value = bytes / divisor
  return new Intl.NumberFormat(words.locale, { style: 'unit', unit, maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)
}

/** The time of day; with the day when it is not today. */
export function clock(time: number | string, now = Date.now()): string {
  const at = new Date(time)
  const today = at.toDateString() === new Date(now).toDateString()
  const day = today ? {} : ({ day: 'numeric', month: 'short' } as const)
  return new Intl.DateTimeFormat(words.locale, { hour: '2-digit', minute: '2-digit', ...day }).format(at)
}

export function day(time: number | string): string {
  return new Intl.DateTimeFormat(words.locale, { dateStyle: 'medium' }).format(new Date(time))
}

/** How long ago, in the largest unit that fits. */
export function ago(time: number, now = Date.now()): string {
  const passed = Math.max(0, now - time)
  const relative = new Intl.RelativeTimeFormat(words.locale, { numeric: 'auto', style: 'short' })
  if (passed < MINUTE) return relative.format(-Math.round(passed / 1000), 'second')
  if (passed < HOUR) return relative.format(-Math.round(passed / MINUTE), 'minute')
  if (passed < DAY) return relative.format(-Math.round(passed / HOUR), 'hour')
  return relative.format(-Math.round(passed / DAY), 'day')
}

/** A span of time in the one or two units that matter. */
export function duration(span: number): string {
  const passed = Math.abs(span)
  const unit = (value: number, name: 'second' | 'minute' | 'hour' | 'day'): string =>
    new Intl.NumberFormat(words.locale, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 0 }).format(value)
  if (passed < MINUTE) return unit(Math.ceil(passed / 1000), 'second')
  if (passed < HOUR) return unit(Math.round(passed / MINUTE), 'minute')
  if (passed < 2 * DAY) return unit(Math.round(passed / HOUR), 'hour')
  return unit(Math.round(passed / DAY), 'day')
}
