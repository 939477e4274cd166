import { floor } from './floor.svelte'

const STEP = 10_000

/** The present, in steps that are fine enough for minutes. */
class Present {
  now = $state(Date.now())

  constructor() {
    setInterval(() => {
      if (!document.hidden) this.now = Date.now()
    }, STEP)
    document.addEventListener('visibilitychange', () => (this.now = Date.now()))
  }

  /** By the server's clock, as far as this phone knows how wrong its own is. */
  get atServer(): number {
    return this.now - (floor.state.clock_ahead_ms ?? 0)
  }
}

export const present = new Present()
