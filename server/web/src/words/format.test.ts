import { afterEach, expect, test } from 'vitest'

import { ago, duration, number, size } from './format'
import { words } from './say.svelte'

const NOW = Date.UTC(2026, 0, 15, 12)

afterEach(() => words.speak('en'))

test('how long ago is said in the largest unit that fits', () => {
  expect(ago(NOW - 4000, NOW)).toBe('4 sec. ago')
  expect(ago(NOW - 14 * 60_000, NOW)).toBe('14 min. ago')
  expect(ago(NOW - 26 * 3_600_000, NOW)).toBe('yesterday')
  expect(ago(NOW + 60_000, NOW)).toBe('now')
})

test('a span is never empty', () => {
  expect(duration(1)).toBe('1 sec')
  expect(duration(-3_900_000)).toBe('1 hr')
  expect(duration(400 * 86_400_000)).toBe('400 days')
})

test('numbers and sizes are written as the language writes them', async () => {
  expect(number(1234.5)).toBe('1,234.5')
  expect(size(1_546_000)).toBe('1.5 MB')
  await words.speak('pt')
  expect(number(1234.5)).toBe('1.234,5')
  await words.speak('bn')
  expect(number(41.2)).toBe('৪১.২')
})
