import type { State } from '../../core/contract'
import { say } from '../../words'

/** What this phone has that the server does not, in words; empty: nothing. Photos wait longer than the acts that name them. */
export function notSent({ unsent, unsent_photos: { count } }: State): string {
  return [unsent > 0 && say('shift.unsent', { count: unsent }), count > 0 && say('state.photos', { count })].filter(Boolean).join(' · ')
}
