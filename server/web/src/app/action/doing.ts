import type { ActionView, Blob_, ItemView } from '../../core/contract'

/** What each kind of action gets: what to do, what was said before if it came back, and where to put the result. */
export interface Doing {
  item: ItemView
  action: ActionView
  /** What was saved before and came back. */
  before: Record<string, unknown> | null
  /** By the path of a field, what was wrong with it. */
  faults: Record<string, string>
  onresult: (result: Result) => Promise<void>
}

export interface Result {
  data: Record<string, unknown>
  blobs?: Blob_[]
  passed: boolean
}
