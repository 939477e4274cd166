import { describe, expect, test } from 'vitest'

import rules from '../../../domain/src/refusal.rs?raw'
import { bn } from './bn'
import { en } from './en'
import { es } from './es'
import { LANGUAGES, languageOfPhone } from './languages'
import { pt } from './pt'
import { say, words, type Counted, type Words } from './say.svelte'
import { vi } from './vi'
import { isKnown, REASONS, why } from './why'

const CATALOGUES: Record<string, Words> = { en, es, pt, vi, bn }
const KEYS = Object.keys(en) as (keyof Words)[]

const formsOf = (entry: string | Counted): string[] => (typeof entry === 'string' ? [entry] : Object.values(entry))
const placeholdersOf = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').toSorted()

describe.each(LANGUAGES)('in %s', (language) => {
  const catalogue = CATALOGUES[language]

  test('everything is said, and nothing that nobody asks for', () => {
    expect(Object.keys(catalogue ?? {}).toSorted()).toEqual(KEYS.toSorted())
    for (const key of KEYS) for (const form of formsOf(catalogue?.[key] ?? '')) expect(form.trim(), key).not.toBe('')
  })

  test('every text has the placeholders of the English one', () => {
    for (const key of KEYS) {
      const [wanted] = formsOf(en[key]).toReversed()
      for (const form of formsOf(catalogue?.[key] ?? '')) expect(placeholdersOf(form), key).toEqual(placeholdersOf(wanted ?? ''))
    }
  })

  test('a text that counts has every form that the language has for whole numbers', () => {
    const rules = new Intl.PluralRules(language)
    const used = new Set([0, 1, 2, 3, 5, 11, 21, 100].map((value) => rules.select(value)))
    for (const key of KEYS) {
      const entry = catalogue?.[key] ?? ''
      if (typeof entry !== 'string') for (const form of used) expect(entry[form] ?? entry.other, `${key} ${form}`).toBeTruthy()
    }
  })

  test('other languages are not left in English', () => {
    if (language === 'en') return
    const same = KEYS.filter((key) => typeof en[key] === 'string' && en[key].replace(/\{\w+\}/g, '').length > 12 && catalogue?.[key] === en[key])
    expect(same).toEqual([])
  })
})

describe('saying', () => {
  test('fills in and counts as the language does', async () => {
    expect(say('state.cards', { count: 1 })).toBe('1 needs you')
    expect(say('state.cards', { count: 2 })).toBe('2 need you')
    await words.speak('es')
    expect(say('state.cards', { count: 2 })).toBe('2 te necesitan')
    await words.speak('bn')
    expect(say('state.unsent', { count: 12 })).toBe('১২টি পাঠানো বাকি')
    await words.speak('en')
  })

  test('the first language of the phone that the app speaks is taken', () => {
    expect(languageOfPhone(['fr-FR', 'pt-BR', 'es'])).toBe('pt')
    expect(languageOfPhone(['fr'])).toBe('en')
  })
})

describe('the conflict table', () => {
  const called = { person: (id: string) => (id === 'u-1' ? 'Ana' : null), stage: (key: string) => (key === 'sew' ? 'Sewing' : null), action: (id: string) => (id === 'sew.seam' ? 'Seam' : null), place: (id: string) => (id === 'l-4' ? 'Line 4' : null) }

  test('every reason has a title, what happened and what to do', () => {
    for (const reason of REASONS) {
      const told = why({ reason, detail: null })
      expect([told.title, told.text, told.next].every((text) => text.length > 3), reason).toBe(true)
    }
  })

  test('every reason of the rules is in it', () => {
    const named = [...rules.matchAll(/^ +[A-Z]\w+ = "([A-Z_]+)", \w+, \d+, \w+;$/gm)].map(([, name]) => name)
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((name) => name !== undefined && !isKnown(name))).toEqual([])
  })

  test('names and times are put in when all are known', () => {
    const detail = { stage_now: 'sew', by: 'u-1', at: new Date().toISOString() }
    expect(why({ reason: 'STAGE_MOVED', detail }, called).text).toMatch(/^Ana moved it to Sewing at /)
    expect(why({ reason: 'ACTIONS_MISSING', detail: { missing: ['sew.seam', 'sew.look'] } }, called).text).toBe('First do: Seam and sew.look.')
    expect(why({ reason: 'STAGE_NOT_ALLOWED', detail: { from: 'cut', allowed: ['sew'] } }, called).text).toBe('From here it can go to: Sewing.')
    expect(why({ reason: 'WRONG_LOCATION', detail: { allowed: ['l-4', 'l-5'], location: 'l-9' } }, called).text).toBe('This work is done at: Line 4.')
    expect(why({ reason: 'ORDER_NOT_OPEN', detail: { order_status: 'cancelled' } }, called).text).toBe('Its order: Cancelled.')
    expect(why({ reason: 'CLAIM_LOST', detail: { by: 'u-1' } }, called).text).toBe('Ana took this one first.')
  })

  test('an id that nobody knows is not shown', () => {
    const detail = { by: '0190c7a0-1111-7000-8000-000000000001', at: new Date().toISOString() }
    expect(why({ reason: 'ALREADY_DONE', detail }, called).text).toBe('This is done already.')
  })

  test('a reason from the future is shown by its name', () => {
    expect(isKnown('QTY_OVER')).toBe(false)
    expect(why({ reason: 'QTY_OVER', detail: null }).text).toContain('QTY_OVER')
  })
})
