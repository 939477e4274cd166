import { say, type Key } from '../../words'
import { names } from '../names.svelte'
import { opName } from '../op_name'

/** The feed's kinds are past participles of the operations; those without a name of their own are shown as they are called there. */
const OPS: Record<string, string> = {
  'action.completed': 'action.complete',
  'action.skipped': 'action.skip',
  'item.advanced': 'item.advance',
  'item.paused': 'item.pause',
  'item.resumed': 'item.resume',
  'item.flagged': 'item.flag',
  'item.scrapped': 'item.scrap',
  'item.held': 'item.hold',
  'item.released': 'item.release',
  'item.reworked': 'item.rework',
  'item.assigned': 'item.assign',
  'item.claimed': 'item.claim',
  'item.moved': 'item.move',
  'item.assembled': 'item.assemble',
  'item.undone': 'item.undo',
  'label.claimed': 'label.claim',
  'scan.recorded': 'scan.record',
  'note.added': 'note.add',
}

const STANDINGS = {
  'item.created': 'told.created',
  'item.started': 'told.started',
  'item.completed': 'status.completed',
  'item.cancelled': 'status.cancelled',
  'item.failed': 'status.error',
} as const satisfies Record<string, Key>

export function happened({ kind, data }: { kind: string; data: Record<string, unknown> }): string {
  const op = OPS[kind]
  const key = isStanding(kind) ? STANDINGS[kind] : null
  const what = op ? opName(op, text(data['action_id'])) : key ? say(key) : kind.replaceAll(/[._]/g, ' ')
  const where = text(data['to'])
  const said = text(data['text']) ?? text(data['reason'])
  return [what, where && (names.called.stage(where) ?? where), said].filter(Boolean).join(' · ') || say('op.other')
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value ? value : null
}

function isStanding(kind: string): kind is keyof typeof STANDINGS {
  return kind in STANDINGS
}
