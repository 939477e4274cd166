/** A small jacket factory, always the same: what the invented core shows while screens are made. */
import type { ActionView, ItemView, Place, QueueView } from './contract'

const NOW = Date.now()
const MINUTE = 60_000

export const ME = 'u-ana'
export const PEOPLE = [
  { id: ME, name: 'Ana Ruiz' },
  { id: 'u-kim', name: 'Kim Tran' },
  { id: 'u-rafi', name: 'Rafi Ahmed' },
]

export const PLACES: Place[] = [
  { id: 'site', name: 'North hall', kind: 'site', parent_id: null },
  { id: 'cutting', name: 'Cutting', kind: 'area', parent_id: 'site' },
  { id: 'table-1', name: 'Cutting table 1', kind: 'station', parent_id: 'cutting' },
  { id: 'sewing', name: 'Sewing', kind: 'area', parent_id: 'site' },
  { id: 'line-4', name: 'Sewing line 4', kind: 'station', parent_id: 'sewing' },
  { id: 'check-2', name: 'Checking table 2', kind: 'station', parent_id: 'site' },
]

const STAGES = [
  { key: 'cut', name: 'Cutting', color: '#8a6a00', expected: 15 },
  { key: 'sew', name: 'Sewing', color: '#0a5470', expected: 40 },
  { key: 'inspect', name: 'Inspection', color: '#12683a', expected: 20 },
  { key: 'pack', name: 'Packing', color: '#6b4a8a', expected: null },
] as const

const action = (id: string, kind: ActionView['kind'], label: string, required: boolean, config: Record<string, unknown> = {}): ActionView => ({
  id,
  key: id.split('.')[1] ?? id,
  kind,
  label,
  required,
  config,
  state: 'open',
  result: null,
})

function actionsOf(stage: string): ActionView[] {
  switch (stage) {
    case 'cut':
      return [
        action('cut.label', 'scan', 'Scan the label', true, { expected: 'this_item' }),
        action('cut.width', 'measurement', 'Panel width', true, {
          readings: [
            { name: 'Width', unit: 'mm', nominal: 412, tolerance: 1.5 },
            { name: 'Length', unit: 'mm', min: 690, max: 700 },
          ],
        }),
        action('cut.note', 'note', 'Anything odd about the cloth?', false, { max_length: 400 }),
      ]
    case 'sew':
      return [
        action('sew.seam', 'measurement', 'Seam allowance', true, { readings: [{ name: 'Seam', unit: 'mm', nominal: 10, tolerance: 0.5 }] }),
        action('sew.look', 'photo', 'Photos of the seams', true, { angles: ['Front', 'Back', 'Lining'], min_width: 640, min_height: 480 }),
        action('sew.thread', 'form', 'Thread and needle', true, {
          fields: [
            { key: 'lot', label: 'Thread lot', type: 'text', required: true, pattern: '[A-Z]{2}[0-9]{4}' },
            { key: 'needle', label: 'Needle size', type: 'number', required: true, min: 60, max: 110 },
            { key: 'colour', label: 'Thread colour', type: 'select', required: true, options: ['Black', 'Navy', 'Ecru'] },
            { key: 'changed', label: 'Needle changed today', type: 'checkbox', required: false },
            { key: 'serviced', label: 'Machine serviced on', type: 'date', required: false },
          ],
        }),
        action('sew.remark', 'note', 'Remark', false, { max_length: 200 }),
      ]
    case 'inspect':
      return [
        action('inspect.points', 'inspection', 'Final check', true, {
          checks: ['Stitching even', 'No stains', 'Buttons tight', 'Zip runs', 'Label straight'],
          pass: 'all',
        }),
        action('inspect.release', 'approval', 'Release for packing', true, { role: 'quality', comment_required: false }),
        action('inspect.sign', 'signature', 'Signed by the checker', false),
      ]
    default:
      return [action('pack.box', 'scan', 'Scan the shelf', false, { expected: 'location' })]
  }
}

const CODES = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Twelve characters that differ from item to item, in a label's alphabet. */
export function labelBody(number: number): string {
  let seed = number * 2654435761 + 97
  return Array.from({ length: 12 }, () => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return CODES[Math.floor(seed / 65536) % 32]
  }).join('')
}

export function makeItem(number: number): ItemView {
  const stage = STAGES[number % 11 === 0 ? 0 : number % 4] ?? STAGES[0]
  const at = STAGES.indexOf(stage)
  const status = number === 7 ? 'on_hold' : number === 13 ? 'scrapped' : number === 20 ? 'paused' : number === 27 ? 'completed' : number % 5 === 0 ? 'not_started' : 'active'
  const actions = actionsOf(stage.key)
  const first = actions[0]
  if (first && number % 3 === 1 && stage.key !== 'pack') {
    first.state = 'done'
    first.result = { by: 'u-kim', by_name: 'Kim Tran', at: new Date(NOW - 9 * MINUTE).toISOString(), content: {}, evidence: [] }
  }
  const whole = number % 6 === 2
  const part = number % 6 === 3 || number % 6 === 4
  const code = `JKT-AURORA-M-${String(number).padStart(4, '0')}`
  return {
    id: `i-${number}`,
    code: part ? `${code}-${number % 6 === 3 ? 'BODY' : 'LINING'}` : code,
    status,
    stage: stage.key,
    stage_name: stage.name,
    workflow_name: 'Jacket Aurora',
    priority: number % 9 === 1 ? 'urgent' : number % 7 === 2 ? 'high' : number % 8 === 3 ? 'low' : 'normal',
    assigned_to: number % 4 === 1 ? ME : number % 10 === 2 ? 'u-kim' : null,
    location_id: stage.key === 'cut' ? 'table-1' : stage.key === 'sew' ? 'line-4' : 'check-2',
    parent_id: part ? `i-${number - (number % 6) + 2}` : null,
    stage_entered_at: new Date(NOW - (3 + ((number * 7) % 55)) * MINUTE).toISOString(),
    expected_minutes: stage.expected,
    flags: number === 4 || number === 9 ? 1 : 0,
    own: null,
    order_id: '018f0000-0000-7000-8000-000000000041',
    po_number: 'PO-2026-0041',
    attributes: { size: 'M', colour: 'Aurora green' },
    stages: STAGES.map((known, index) => ({ key: known.key, name: known.name, color: known.color, state: index < at ? 'done' : index === at ? 'here' : 'ahead' })),
    actions,
    next: { kind: 'none' },
    targets: STAGES.slice(at + 1, at + 2).map(({ key, name }) => ({ key, name })),
    rework: at > 0 ? STAGES.slice(at - 1, at).map(({ key, name }) => ({ key, name })) : [],
    components: whole
      ? [
          { id: `i-${number + 1}`, code: `JKT-AURORA-M-${String(number + 1).padStart(4, '0')}-BODY`, status: 'completed', stage_name: 'Packing', assembled: false },
          { id: `i-${number + 2}`, code: `JKT-AURORA-M-${String(number + 2).padStart(4, '0')}-LINING`, status: 'active', stage_name: 'Sewing', assembled: false },
        ]
      : [],
    notes: number === 2 ? [{ reason: 'The lining is from the second roll', by_name: 'Rafi Ahmed', at: new Date(NOW - 95 * MINUTE).toISOString() }] : [],
    flag_list: number === 4 || number === 9 ? [{ reason: 'Thread pulls at the left cuff', by_name: 'Rafi Ahmed', at: new Date(NOW - 31 * MINUTE).toISOString() }] : [],
    hold: status === 'on_hold' ? { reason: 'Dye lot in question', by_name: 'Kim Tran', at: new Date(NOW - 22 * MINUTE).toISOString() } : null,
    assigned_name: number % 4 === 1 ? 'Ana Ruiz' : number % 10 === 2 ? 'Kim Tran' : null,
    location_name: stage.key === 'cut' ? 'Cutting table 1' : stage.key === 'sew' ? 'Sewing line 4' : 'Checking table 2',
    acts: [],
    undo: null,
    version: 1,
    photos: number % 2 === 0 ? [`photo-${number}`] : [],
  }
}

export function makeQueues(items: ItemView[]): QueueView[] {
  const queue = (id: string, name: string, stage: string, place: string): QueueView => ({
    id,
    name,
    location_id: place,
    items: items
      .filter((item) => item.stage === stage && item.status !== 'completed' && item.status !== 'scrapped')
      .map((item, index) => ({ item, priority: item.priority, added_at: new Date(NOW - index * 4 * MINUTE).toISOString(), claimed_by: index === 1 ? 'u-kim' : null })),
  })
  return [queue('q-cut', 'Cutting', 'cut', 'table-1'), queue('q-sew', 'Sewing', 'sew', 'line-4'), queue('q-inspect', 'Inspection', 'inspect', 'check-2')]
}
