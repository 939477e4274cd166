import { say, words, type Key } from '../words'
import { names } from './names.svelte'

/** What an act is called in a list. */
export function opName(op: string, actionId: string | null): string {
  if (op === 'action.complete' || op === 'action.skip') {
    const name = actionId ? (names.called.action(actionId) ?? actionId.split('.').at(-1) ?? actionId) : '…'
    return say(`op.${op}`, { name })
  }
  const key = `op.${op}`
  return key in words.catalogue ? say(key as Key & 'op.item.advance') : say('op.other')
}
