export interface Snack {
  text: string
  tone: 'good' | 'warning' | 'stop' | 'news'
  /** Something to do about it, as long as it is shown. */
  action?: { label: string; run: () => void }
  href?: string
  ms?: number
}

/** One short sentence at the bottom of the screen, the latest only. */
class Snackbar {
  shown = $state.raw<Snack | null>(null)
  private timer: ReturnType<typeof setTimeout> | undefined

  show(snack: Snack): void {
    clearTimeout(this.timer)
    this.shown = snack
    this.timer = setTimeout(() => (this.shown = null), snack.ms ?? (snack.action ? 10_000 : 4500))
  }

  hide(): void {
    clearTimeout(this.timer)
    this.shown = null
  }
}

export const snackbar = new Snackbar()
