import { expect, test } from 'vitest'

import { exportCodes } from '../../core/export'
import type { Storage } from '../../core/storage'
import { isPiece, isWhole, unpacked, withPiece, type Pieces } from './pieces'

const entry = (seq: number) => ({ seq, stream_id: 's', hash: `h${seq}`, bytes: `{"seq":${seq},"lease_id":"l1","data":"${Math.random()}"}`, verdict: null })
const entries = Array.from({ length: 300 }, (_, index) => entry(300 - index))
const leases = [{ lease_id: 'l1', lease: 'signed' }, { lease_id: 'l2', lease: 'of nobody' }]
const storage = { load: async () => ({ entries: [...entries, { ...entry(999), verdict: '{}' }], leases }) } as unknown as Storage
const device = { id: 'd1', name: '', site_id: '', digits: null, state: 'active' as const }

const read = (codes: string[]) => codes.reduce<Pieces | null>((pieces, code) => withPiece(pieces, code), null)

test('codes read in any order and more than once give back what was unsent', async () => {
  const codes = await exportCodes(storage, device)
  expect(codes.length).toBeGreaterThan(2)
  const pieces = read([...codes.slice(1).reverse(), ...codes])
  expect(pieces && isWhole(pieces)).toBe(true)
  const [head, lease, ...lines] = (await (await unpacked(pieces as Pieces)).text()).trim().split('\n')
  expect(JSON.parse(head ?? '')).toMatchObject({ kind: 'floorline.unsent', version: 1, device_id: 'd1' })
  expect(JSON.parse(lease ?? '')).toEqual({ line: 'lease', ...leases[0] })
  const told = [...entries].reverse().map(({ seq, hash, bytes }) => `{"line":"entry","stream_id":"s","seq":${seq},"hash":"${hash}","entry":${bytes}}`)
  expect(lines).toEqual(told)
})

test('what was exported later begins anew', async () => {
  const [first, second] = [await exportCodes(storage, device), ['FL1/other/1/2/abc']]
  const pieces = read([...first.slice(1), ...second])
  expect(pieces).toMatchObject({ export: 'other', total: 2 })
  expect(pieces?.have.size).toBe(1)
})

test('a label is no piece', () => {
  expect(isPiece('FL-0001')).toBe(false)
  expect(withPiece(null, 'FL1/x/one/2/abc')).toBeNull()
})
