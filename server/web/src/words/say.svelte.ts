import { en } from './en'
import type { Language } from './languages'

export type Key = keyof typeof en

/** A text that depends on `{count}`; which forms a language has is for `Intl.PluralRules` to say. */
export type Counted = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>

type Shape<T> = T extends string ? string : Counted

/** Everything that is said, in one language. */
export type Words = { [K in Key]: Shape<(typeof en)[K]> }

type InText<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | InText<Rest> : never

type Placeholder<K extends Key> = (typeof en)[K] extends string
  ? InText<(typeof en)[K]>
  : (typeof en)[K] extends { other: infer Other extends string }
    ? InText<Other>
    : never

type Value = string | number

type Filling<K extends Key> = [Placeholder<K>] extends [never] ? [] : [Record<Placeholder<K>, Value>]

const CATALOGUES: Record<Exclude<Language, 'en'>, () => Promise<Words>> = {
  es: async () => (await import('./es')).es,
  pt: async () => (await import('./pt')).pt,
  vi: async () => (await import('./vi')).vi,
  bn: async () => (await import('./bn')).bn,
}

class Spoken {
  language = $state<Language>('en')
  catalogue = $state.raw<Words>(en)
  /** The language as the phone's owner writes it: with the region, when it is one of the phone's languages. */
  locale = $derived(navigatorLanguages().find((tag) => tag.split('-')[0] === this.language) ?? this.language)
  plurals = $derived(new Intl.PluralRules(this.language))
  numbers = $derived(new Intl.NumberFormat(this.locale, { maximumFractionDigits: 6 }))

  /** Changes the language once its words are here. */
  async speak(language: Language): Promise<void> {
    this.catalogue = language === 'en' ? en : await CATALOGUES[language]()
    this.language = language
  }
}

function navigatorLanguages(): readonly string[] {
  return typeof navigator === 'undefined' ? [] : (navigator.languages ?? [])
}

export const words = new Spoken()

/** The text in the language of the person; placeholders are filled, numbers written as that language writes them. */
export function say<K extends Key>(key: K, ...filling: Filling<K>): string {
  const [values] = filling as [Record<string, Value>?]
  const entry: string | Counted = words.catalogue[key]
  return fill(typeof entry === 'string' ? entry : formOf(entry, values), values)
}

function formOf(entry: Counted, values?: Record<string, Value>): string {
  const form = words.plurals.select(Number(values?.['count'] ?? 0))
  return entry[form] ?? entry.other
}

function fill(text: string, values?: Record<string, Value>): string {
  if (!values) return text
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? words.numbers.format(value) : value
  })
}
