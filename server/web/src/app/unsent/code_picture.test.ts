import { expect, test } from 'vitest'

import { drawCode } from './code_picture'

const SAMPLES = ['A', 'FLOORLINE', 'x'.repeat(200), 'é—漢字'.repeat(40), 'y'.repeat(1200), 'z'.repeat(2953)]

test('the smallest code that holds the text is taken', () => {
  expect(SAMPLES.map((text) => drawCode(text).length)).toEqual([21, 21, 53, 73, 117, 177])
})

test('the three corners stand where readers look for them', () => {
  const grid = drawCode('FLOORLINE')
  const corner = (x: number, y: number): boolean[] => Array.from({ length: 7 }, (_, step) => grid[y + 3]?.[x + step] ?? false)
  const wanted = [true, false, true, true, true, false, true]
  for (const [x, y] of [[0, 0], [14, 0], [0, 14]] as const) expect(corner(x, y)).toEqual(wanted)
})

test('a text beyond the largest code is refused', () => {
  expect(() => drawCode('z'.repeat(2954))).toThrow(RangeError)
})
