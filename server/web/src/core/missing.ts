/**
 * Rows that no feed tells: an accepted order is one event, not its items and labels, which are fetched as a snapshot and added.
 *
 * Until that has worked it is tried again, at the next start too: the feed will not tell of them a second time.
 */

const PAUSES = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000]
/** Every phone of a site hears of an order in the same moment. */
const SPREAD_MS = 2_000

export class Missing {
  /** Feeds, and how often each was asked for: what is asked for while a snapshot is on its way may not be in it. */
  private readonly wanted: Map<string, number>
  private running = false
  private closed = false
  private failures = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    kept: readonly string[],
    private readonly keep: (topics: string[]) => Promise<void>,
    private readonly fetched: (topic: string) => Promise<void>,
  ) {
    this.wanted = new Map(kept.map((topic) => [topic, 0]))
  }

  want(topic: string): void {
    this.wanted.set(topic, (this.wanted.get(topic) ?? 0) + 1)
    void this.keepAll()
    this.wake()
  }

  /** There is a connection. */
  wake(): void {
    this.failures = 0
    if (this.wanted.size > 0 && !this.running && !this.closed) this.runIn(Math.random() * SPREAD_MS)
  }

  close(): void {
    clearTimeout(this.timer)
    this.closed = true
  }

  private runIn(pause: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.run(), pause)
  }

  private async run(): Promise<void> {
    this.running = true
    for (const [topic, asked] of [...this.wanted]) {
      try {
        await this.fetched(topic)
        if (this.wanted.get(topic) === asked) this.wanted.delete(topic)
      } catch {
        this.failures += 1
      }
    }
    if (this.closed) return
    await this.keepAll()
    this.running = false
    if (this.wanted.size > 0) this.runIn(PAUSES[Math.min(this.failures, PAUSES.length) - 1] ?? 0)
  }

  private keepAll(): Promise<void> {
    // A storage that is full or gone keeps nothing; what is wanted stays so while this page lives.
    return this.keep([...this.wanted.keys()]).catch(() => undefined)
  }
}
