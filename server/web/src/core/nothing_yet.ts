import type { State } from './contract'

/** What a screen shows before the core has said anything. */
export const NOTHING_YET: State = {
  phase: 'starting',
  problem: null,
  device: null,
  person: null,
  people: [],
  link: 'down',
  unsent: 0,
  oldest_unsent_time: null,
  unsent_photos: { count: 0, bytes: 0 },
  cards: 0,
  stops: [],
  persistent: true,
  full: false,
  clock_ahead_ms: null,
  floor: null,
  shift: null,
}
