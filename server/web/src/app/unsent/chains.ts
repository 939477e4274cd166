import type { ActLine } from '../../core/contract'

export interface Chain {
  line: ActLine
  /** What failed only because `line` did: the same case, so one card. */
  after: ActLine[]
}

export function chained(cards: readonly ActLine[]): Chain[] {
  const followers = cards.filter((line) => line.verdict?.reason === 'PRED_FAILED')
  const chains = cards
    .filter((line) => !followers.includes(line))
    .map((line) => ({ line, after: followers.filter((one) => caseOf(one) !== null && caseOf(one) === caseOf(line)) }))
  // The first one may have been looked at already.
  const alone = followers.filter((line) => !chains.some(({ after }) => after.includes(line)))
  return [...chains, ...alone.map((line) => ({ line, after: [] }))]
}

function caseOf(line: ActLine): string | null {
  return line.verdict?.case_id ?? null
}
