import { expect, test } from 'vitest'

import { checksOf, fieldsOf, judgeReading, photosOf, readingsOf, readNumber } from './configs'

test('a nominal value and its tolerance are limits, the tighter ones hold', () => {
  const [reading] = readingsOf({ readings: [{ name: 'seam', unit: 'mm', nominal: 41.2, tolerance: 0.1, max: 41.25 }] })
  expect(reading).toEqual({ name: 'seam', unit: 'mm', min: 41.1, max: 41.25 })
})

test('a limit belongs to what it allows, whatever floating point makes of it', () => {
  const [reading] = readingsOf({ readings: [{ name: 'seam', unit: 'mm', nominal: 41.2, tolerance: 0.1 }] })
  if (!reading) throw new Error('there is one reading')
  expect([41.1, 41.3, 41.09, 41.31].map((value) => judgeReading(value, reading))).toEqual(['fine', 'fine', 'low', 'high'])
})

test('numbers are read with a point or a comma, and nothing else is a number', () => {
  expect(['41.2', '41,2', ' -3 ', '.5', '12.', '৪১.২'].map(readNumber)).toEqual([41.2, 41.2, -3, 0.5, 12, 41.2])
  expect(['', '-', '1e5', '4 1', '1,2,3', 'abc'].map(readNumber)).toEqual([null, null, null, null, null, null])
})

test('photos are asked for by angle, then by number', () => {
  expect(photosOf({}).wanted).toEqual([null])
  expect(photosOf({ angles: ['front', 'back'] }).wanted).toEqual(['front', 'back'])
  expect(photosOf({ angles: ['front'], count: 3, min_width: 800 })).toEqual({ wanted: ['front', null, null], least: { width: 800, height: 0 } })
})

test('odd configurations are read as the least surprising thing', () => {
  expect(checksOf({ checks: ['a', 7], pass: 1 })).toEqual({ checks: ['a'], least: 1 })
  expect(fieldsOf({ fields: [{ key: 'lot', type: 'colour' }, null] })).toEqual([
    { key: 'lot', label: 'lot', type: 'text', required: false, options: [], min: null, max: null, pattern: null },
  ])
})
