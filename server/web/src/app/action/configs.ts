/** A workflow's configurations, read from what travels; what is missing or odd becomes the least surprising thing. */

type Raw = Record<string, unknown>

export interface ReadingSpec {
  name: string
  unit: string
  min: number | null
  max: number | null
}

export interface FormField {
  key: string
  label: string
  type: 'text' | 'number' | 'select' | 'checkbox' | 'date'
  required: boolean
  options: string[]
  min: number | null
  max: number | null
  pattern: string | null
}

export interface PhotoWish {
  /** One entry for each photo that must be there: its angle, or null for any. */
  wanted: (string | null)[]
  least: { width: number; height: number }
}

export function readingsOf(config: Raw): ReadingSpec[] {
  return objects(config['readings']).map((reading) => {
    const nominal = numberOr(reading['nominal'])
    const tolerance = numberOr(reading['tolerance'])
    const near = nominal !== null && tolerance !== null
    return {
      name: textOr(reading['name'], ''),
      unit: textOr(reading['unit'], ''),
      min: inner(numberOr(reading['min']), near ? rounded(nominal - tolerance) : null, Math.max),
      max: inner(numberOr(reading['max']), near ? rounded(nominal + tolerance) : null, Math.min),
    }
  })
}

/** Whether a value is below or above its limits, with the rules' own billionth of slack. */
export function judgeReading(value: number, { min, max }: ReadingSpec): 'low' | 'high' | 'fine' {
  const slack = (limit: number): number => 1e-9 * Math.max(Math.abs(limit), 1)
  if (min !== null && value < min - slack(min)) return 'low'
  if (max !== null && value > max + slack(max)) return 'high'
  return 'fine'
}

/** Zero in Arabic, Persian, Devanagari and Bengali; the other nine follow each. */
const ZEROS = [0x660, 0x6f0, 0x966, 0x9e6]

/** A number as people type it, with a point or a comma and in the digits of their script; null when it is not one. */
export function readNumber(typed: string): number | null {
  const latin = typed.replace(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0
    const zero = ZEROS.find((zero) => code >= zero && code < zero + 10)
    return zero === undefined ? digit : String(code - zero)
  })
  const plain = latin.trim().replace(',', '.').replace('−', '-')
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : null
}

export function fieldsOf(config: Raw): FormField[] {
  const types = ['text', 'number', 'select', 'checkbox', 'date'] as const
  return objects(config['fields']).map((field) => ({
    key: textOr(field['key'], ''),
    label: textOr(field['label'], '') || textOr(field['key'], ''),
    type: types.find((type) => type === field['type']) ?? 'text',
    required: field['required'] === true,
    options: texts(field['options']),
    min: numberOr(field['min']),
    max: numberOr(field['max']),
    pattern: typeof field['pattern'] === 'string' ? field['pattern'] : null,
  }))
}

export function checksOf(config: Raw): { checks: string[]; least: number | 'all' } {
  const pass = config['pass']
  return { checks: texts(config['checks']), least: typeof pass === 'number' ? pass : 'all' }
}

export function photosOf(config: Raw): PhotoWish {
  const angles: (string | null)[] = texts(config['angles'])
  const count = Math.max(1, numberOr(config['count']) ?? angles.length, angles.length)
  return {
    wanted: Array.from({ length: count }, (_, index) => angles[index] ?? null),
    least: { width: numberOr(config['min_width']) ?? 0, height: numberOr(config['min_height']) ?? 0 },
  }
}

function inner(a: number | null, b: number | null, pick: (a: number, b: number) => number): number | null {
  return a === null ? b : b === null ? a : pick(a, b)
}

function rounded(value: number): number {
  return Number(value.toPrecision(12))
}

function objects(value: unknown): Raw[] {
  return Array.isArray(value) ? value.filter((entry): entry is Raw => typeof entry === 'object' && entry !== null) : []
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

function textOr(value: unknown, other: string): string {
  return typeof value === 'string' ? value : other
}

function numberOr(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
