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
}

export const present = new Present()
