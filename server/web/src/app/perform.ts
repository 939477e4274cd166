import type { Act, Entry, ItemView, Refused } from '../core/contract'
import { signal } from '../scan/signals'
import { painted } from '../ui/painted'
import { say } from '../words'
import { floor } from './floor.svelte'
import { snackbar } from './snackbar.svelte'

const REFUSALS = ['SIGNED_OUT', 'FULL', 'TOO_FAST', 'TOO_LARGE', 'UNREADABLE', 'STORAGE'] as const

/** Saves an act, says so, and offers to take it back while that is possible. False: nothing was saved, and the person was told why. */
export async function perform(act: Act, said: string = say('do.saved'), passed = true): Promise<boolean> {
  let saved: Entry
  try {
    saved = await floor.core.act(act)
  } catch (fault) {
    tellRefusal(fault)
    return false
  }
  snackbar.show({ text: said, tone: passed ? 'good' : 'warning' })
  // The word is seen first; then come the sound and whatever the screen turns to.
  await painted()
  signal(passed ? 'success' : 'warning')
  if (act.item_id) await offerUndo(act.item_id, saved, said, passed)
  return true
}

export function tellRefusal(fault: unknown): void {
  signal('warning')
  snackbar.show({ text: refusalWords(fault), tone: 'stop', ms: 7000 })
}

export function refusalWords(fault: unknown): string {
  return isRefused(fault) ? say(`refused.${fault.code}`) : say('app.failed')
}

/** Takes back what `of` names; never something else that was done before it or since. */
export async function undo(itemId: string, of: Entry): Promise<void> {
  const item = await floor.core.item(itemId)
  if (!isOf(item, of)) {
    snackbar.show({ text: say('why.UNDO_TOO_LATE.title'), tone: 'warning' })
    return
  }
  await perform({ op: 'item.undo', item_id: itemId, data: { of } }, say('item.undone'))
}

async function offerUndo(itemId: string, of: Entry, said: string, passed: boolean): Promise<void> {
  const item = await floor.core.item(itemId).catch(() => null)
  if (!isOf(item, of)) return
  snackbar.show({
    text: said,
    tone: passed ? 'good' : 'warning',
    action: { label: say('item.undo'), run: () => void undo(itemId, of) },
  })
}

/** Whether it is what would be taken back of the item now. */
function isOf(item: ItemView | null, of: Entry): boolean {
  const undo = item?.undo
  return !!undo && undo.until_time > Date.now() && undo.of.stream_id === of.stream_id && undo.of.seq === of.seq
}

function isRefused(fault: unknown): fault is Refused {
  if (typeof fault !== 'object' || fault === null || !('code' in fault)) return false
  return (REFUSALS as readonly unknown[]).includes(fault.code)
}
