import { expect, test } from 'vitest'

import type { ActLine } from '../../core/contract'
import { chained } from './chains'

function card(act: number, reason: string, case_id: string | null): ActLine {
  return { act, verdict: { outcome: 'rejected', reason, detail: null, case_id } } as unknown as ActLine
}

test('a chain that failed together is one card', () => {
  const cards = [card(1, 'STAGE_MOVED', 'a'), card(2, 'PRED_FAILED', 'a'), card(3, 'ON_HOLD', 'b'), card(4, 'PRED_FAILED', 'a')]
  expect(chained(cards).map(({ line, after }) => [line.act, after.map((one) => one.act)])).toEqual([[1, [2, 4]], [3, []]])
})

test('a step whose first one was looked at already has a card of its own, and so has one without a case', () => {
  expect(chained([card(2, 'PRED_FAILED', 'a'), card(3, 'PRED_FAILED', null), card(4, 'ON_HOLD', null)]).map(({ line }) => line.act)).toEqual([4, 2, 3])
})
