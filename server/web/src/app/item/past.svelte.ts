import type { Happening } from '../../core/contract'
import { floor } from '../floor.svelte'

/** What happened to an item, as the server tells it. */
export class Past {
  /** The latest first; null until it was told. */
  told = $state.raw<readonly Happening[] | null>(null)
  failed = $state(false)

  constructor(private readonly id: string) {}

  async load(): Promise<void> {
    this.failed = false
    try {
      this.told = (await floor.core.history(this.id)).toReversed()
    } catch {
      this.failed = true
    }
  }
}
