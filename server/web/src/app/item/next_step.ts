import type { ItemView } from '../../core/contract'
import type { IconName } from '../../ui/icons'
import { say } from '../../words'
import { to } from '../here.svelte'

export interface NextStep {
  label: string
  href: string
  icon: IconName
}

/** The next thing to do, as words and the place where it is done; null when there is nothing to press. */
export function nextStep(item: ItemView): NextStep | null {
  const { next } = item
  const here = to('item', item.id)
  switch (next.kind) {
    case 'action': {
      const action = item.actions.find((one) => one.id === next.action_id)
      return action ? { label: action.label, href: to('item', item.id, 'do', action.id), icon: action.kind } : null
    }
    case 'advance':
      return { label: next.name ? say('item.next.advance', { name: next.name }) : say('item.next.finish'), href: here, icon: 'sent' }
    case 'resume':
      return { label: say('item.next.resume'), href: here, icon: 'play' }
    case 'release':
      return { label: say('item.next.release'), href: here, icon: 'play' }
    case 'wait':
    case 'none':
      return null
  }
}
