import type { Happening } from '../../core/contract'
import { floor } from '../floor.svelte'

/** What happened to an item, as the server tells it. */
export class Past {
  /** The latest first; null until it was told. */
  told = $state.raw<readonly Happening[] | null>(null)
  failed = $state(false)
  private asked = 0

  constructor(private readonly id: string) {}

  async load(): Promise<void> {
    const number = ++this.asked
    this.failed = false
    try {
      const told = await floor.core.history(this.id)
      if (number === this.asked) this.told = told.toReversed()
    } catch {
      if (number === this.asked) this.failed = true
    }
  }
}
