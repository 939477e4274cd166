import type { ActLine, Core, Notice, State } from '../core/contract'
import { NOTHING_YET } from '../core/nothing_yet'
import { signal } from '../scan/signals'
import { say, why } from '../words'
import { names } from './names.svelte'
import { snackbar } from './snackbar.svelte'
import { update } from './update.svelte'

/** What every screen knows of the core: its state, and when to ask it again. */
class Floor {
  state = $state.raw<State>(NOTHING_YET)
  /** Grows when something that a screen may show has changed. */
  told = $state(0)
  uploads = $state.raw<ReadonlyMap<string, { sent: number; size: number }>>(new Map())
  private opened = $state.raw<Core | null>(null)
  private due = false

  get core(): Core {
    if (!this.opened) throw new Error('the floor is not open yet')
    return this.opened
  }

  get isOpen(): boolean {
    return this.opened !== null
  }

  async open(core: () => Promise<Core>): Promise<void> {
    try {
      const opened = await core()
      opened.subscribe((notice) => this.hear(notice))
      this.opened = opened
      this.state = opened.state()
    } catch (fault) {
      this.state = { ...NOTHING_YET, phase: 'broken', problem: fault instanceof Error ? fault.message : String(fault) }
    }
  }

  private hear(notice: Notice): void {
    switch (notice.kind) {
      case 'state':
        this.enter(notice.state)
        return
      case 'upload':
        this.noteUpload(notice.sha256, notice.sent, notice.size, notice.done)
        return
      case 'outdated':
        void update.look()
        return
      case 'settled':
        void this.announce(notice.line)
        break
      case 'overturned':
        snackbar.show({ text: say('why.overturned'), tone: 'warning' })
        break
      case 'floor':
        break
    }
    this.askAgainSoon()
  }

  private enter(state: State): void {
    const heard = new Set(this.state.stops.map((stop) => stop.act))
    if (state.stops.some((stop) => !heard.has(stop.act))) signal('stop')
    // A card that was looked at and an act that was saved change what lists show.
    const isCounted = state.cards !== this.state.cards || state.unsent !== this.state.unsent
    this.state = state
    if (isCounted) this.askAgainSoon()
  }

  private async announce(line: ActLine): Promise<void> {
    const isCard = line.attention === 'card'
    if (!line.verdict?.reason || !(isCard || line.verdict.outcome === 'noop')) return
    await names.learnFrom(this.core, [line]).catch(() => undefined)
    const { title, text } = why({ reason: line.verdict.reason, detail: line.verdict.detail }, names.called)
    // That somebody else was first is good to know, and nothing to do.
    const said = isCard ? title : text
    if (isCard) signal('warning')
    snackbar.show({ text: line.item_code ? `${line.item_code}: ${said}` : said, tone: isCard ? 'warning' : 'news', ...(isCard && { href: '#/unsent' }) })
  }

  private noteUpload(sha256: string, sent: number, size: number, done: boolean): void {
    const uploads = new Map(this.uploads)
    if (done) uploads.delete(sha256)
    else uploads.set(sha256, { sent, size })
    this.uploads = uploads
    if (done) this.askAgainSoon()
  }

  /** A burst of news makes one question, not a hundred. */
  private askAgainSoon(): void {
    if (this.due) return
    this.due = true
    setTimeout(() => {
      this.due = false
      this.told += 1
    }, 60)
  }
}

export const floor = new Floor()
