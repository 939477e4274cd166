import type { Act, Refused } from '../core/contract'
import { signal } from '../scan/signals'
import { painted } from '../ui/painted'
import { say } from '../words'
import { floor } from './floor.svelte'
import { snackbar } from './snackbar.svelte'

const REFUSALS = ['SIGNED_OUT', 'FULL', 'TOO_FAST', 'TOO_LARGE', 'UNREADABLE', 'STORAGE'] as const

/** Saves an act, says so, and offers to take it back while that is possible. False: nothing was saved, and the person was told why. */
export async function perform(act: Act, said: string = say('do.saved'), passed = true): Promise<boolean> {
  try {
    await floor.core.act(act)
  } catch (fault) {
    tellRefusal(fault)
    return false
  }
  snackbar.show({ text: said, tone: passed ? 'good' : 'warning' })
  // The word is seen first; then come the sound and whatever the screen turns to.
  await painted()
  signal(passed ? 'success' : 'warning')
  if (act.item_id) await offerUndo(act.item_id, said, passed)
  return true
}

export function tellRefusal(fault: unknown): void {
  signal('warning')
  snackbar.show({ text: refusalWords(fault), tone: 'stop', ms: 7000 })
}

export function refusalWords(fault: unknown): string {
  return isRefused(fault) ? say(`refused.${fault.code}`) : say('app.failed')
}

export async function undo(itemId: string): Promise<void> {
  const item = await floor.core.item(itemId)
  if (!item?.undo) {
    snackbar.show({ text: say('why.UNDO_TOO_LATE.title'), tone: 'warning' })
    return
  }
  await perform({ op: 'item.undo', item_id: itemId, data: { of: item.undo.of } }, say('item.undone'))
}

async function offerUndo(itemId: string, said: string, passed: boolean): Promise<void> {
  const item = await floor.core.item(itemId).catch(() => null)
  if (!item?.undo || item.undo.until_time <= Date.now()) return
  snackbar.show({
    text: said,
    tone: passed ? 'good' : 'warning',
    action: { label: say('item.undo'), run: () => void undo(itemId) },
  })
}

function isRefused(fault: unknown): fault is Refused {
  if (typeof fault !== 'object' || fault === null || !('code' in fault)) return false
  return (REFUSALS as readonly unknown[]).includes(fault.code)
}
