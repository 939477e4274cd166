/** One measured figure beside its peer's: the same line for people and the same for machines as `server/src/cli/bench/figure.rs` prints. */

const BENCH = 'web'

/** What ours should be, in the figure's unit. */
export const atMost = (most) => ({ says: `at most ${most}`, isMet: ({ value }) => value <= most })
/** What ours should be to theirs. */
export const ratioAbove = (least) => ({ says: `ratio above ${least}`, isMet: ({ ratio }) => ratio !== null && ratio > least })

/** `peer` is what ours is compared with, and what that reached in the same run. */
export function figure(name, value, unit, [peer, peerValue], aim = null) {
  const ratio = peerValue === 0 ? null : rounded(value / peerValue)
  const seen = { bench: BENCH, figure: name, value: rounded(value), unit, peer, peer_value: rounded(peerValue), ratio }
  return { ...seen, aim: aim?.says ?? null, met: aim?.isMet(seen) ?? null }
}

export function inWords({ bench, figure: name, value, unit, peer, peer_value: theirs, ratio, aim, met }) {
  const beside = ratio === null ? 'no ratio' : `ratio ${ratio}`
  const asked = aim === null ? 'no aim' : `aim: ${aim}, ${met ? 'met' : 'not met'}`
  return `${bench}: ${name} ${value} ${unit}; ${peer}: ${theirs} ${unit}; ${beside}; ${asked}`
}

/** The value below which this share of them lies; 0 of none. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0
}

/** To what a reader can compare: whole numbers when large, three digits after the point when small. */
function rounded(value) {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 1000) / 1000
}
