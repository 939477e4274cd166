import { expect, test } from 'vitest'

import type { ItemLine } from '../../core/contract'
import { byUrgency, slaOf } from './sla'

const NOW = Date.UTC(2026, 0, 15, 12)

const item = (minutes: number, priority: ItemLine['priority'] = 'normal', code = 'A'): ItemLine => ({
  id: code,
  code,
  status: 'active',
  stage: 'sew',
  stage_name: 'Sewing',
  workflow_name: 'Jacket',
  priority,
  assigned_to: null,
  location_id: null,
  parent_id: null,
  stage_entered_at: new Date(NOW - minutes * 60_000).toISOString(),
  expected_minutes: 40,
  flags: 0,
  own: null,
})

test('green under four fifths, yellow to the end, then red', () => {
  expect([0, 31, 32, 40, 41].map((minutes) => slaOf(item(minutes), NOW)?.colour)).toEqual(['green', 'green', 'yellow', 'yellow', 'red'])
})

test('no measure, no colour; and none when it is over', () => {
  expect(slaOf({ ...item(90), expected_minutes: null }, NOW)).toBeNull()
  expect(slaOf({ ...item(90), status: 'completed' }, NOW)).toBeNull()
})

test('a clock that is behind makes nothing negative', () => {
  expect(slaOf(item(-500), NOW)).toEqual({ colour: 'green', spent: 0, expected: 40 })
})

test('priority goes before time', () => {
  const lines = [item(39, 'low', 'L'), item(10, 'normal', 'N'), item(1, 'urgent', 'U'), item(35, 'normal', 'M')]
  expect(lines.toSorted(byUrgency(NOW)).map(({ code }) => code)).toEqual(['U', 'M', 'N', 'L'])
})
