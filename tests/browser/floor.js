/** A small factory, made over HTTP before a test begins. */

import { ADMIN, WORKER } from './server.js'

/** One stage for every kind of action, so that a worker meets them all on one item. */
const STAGES = [
  {
    key: 'cut', name: 'Cutting', order: 1, expected_minutes: 20,
    actions: [
      { key: 'scan', kind: 'scan', label: 'Scan the cap', required: true, config: { expected: 'this_item' } },
      { key: 'length', kind: 'measurement', label: 'Length', required: true, config: { readings: [{ name: 'length', unit: 'mm', nominal: 10, tolerance: 0.5 }] } },
    ],
    next: [{ to: 'check' }],
  },
  {
    key: 'check', name: 'Checking', order: 2,
    actions: [
      { key: 'picture', kind: 'photo', label: 'Front', required: true, config: { count: 1, min_width: 320, min_height: 240, angles: ['front'] } },
      { key: 'look', kind: 'inspection', label: 'Stitching', required: true, config: { checks: ['seam', 'thread'], pass: 'all' } },
      { key: 'sheet', kind: 'form', label: 'Data sheet', required: true, config: { fields: [{ key: 'size', label: 'Size', type: 'select', required: true, options: ['S', 'M'] }] } },
      { key: 'word', kind: 'note', label: 'Remark', required: false, config: { max_length: 200 } },
      { key: 'name', kind: 'signature', label: 'Signature', required: true, config: {} },
    ],
    next: [], rework: [{ to: 'cut', max_visits: 2 }],
  },
]

/** The factory of a server: its site, its people, an accepted order of `quantity` caps. */
export async function makeFloor(server, quantity = 5, stages = STAGES) {
  const admin = await server.as(ADMIN)
  const site = await admin.post('/v1/locations', { kind: 'site', name: 'Dhaka' })
  const station = await admin.post('/v1/locations', { kind: 'station', name: 'Cutting 1', parent_id: site.id })
  const roles = (await admin.get('/v1/roles?limit=100')).data
  const operator = roles.find((role) => role.name === 'operator')
  const worker = await admin.post('/v1/users', { email: WORKER.email, name: 'Ana Silva', password: WORKER.password, role_ids: [operator.id] })
  const workflow = await admin.post('/v1/workflows', { name: 'Cap', entry: stages[0].key, stages })
  await admin.post(`/v1/workflows/${workflow.id}/versions`, {})
  const order = await admin.post('/v1/orders', {
    po_number: 'PO-CAPS-1', currency: 'EUR', requested_delivery_date: '2099-01-31', total_value: (quantity * 12.5).toFixed(2),
    lines: [{ code: 'CAP', name: 'Cap', quantity, unit_price: '12.50', attributes: { color: 'moss' } }],
  })
  await admin.post(`/v1/orders/${order.id}/accept`, { workflow_id: workflow.id, site_id: site.id })
  const items = (await admin.get(`/v1/orders/${order.id}/items?limit=200`)).data
  return {
    server, admin, site, station, worker, order, items, roles,
    told: (item) => told(admin, item),
    labelOf: async (item) => (await admin.get(`/v1/labels?item_id=${item.id}`)).data[0].code,
  }
}

/** What the server's log tells of an item, oldest first. */
async function told(admin, item) {
  const { data } = await admin.get(`/v1/items/${item.id}/events?limit=100`)
  return data.map((event) => event.kind)
}

/** Another person of the floor, who signs in with what is answered. */
export async function colleague(floor, { name = 'Kim Tran', email = 'kim@mill.example', role = 'operator' } = {}) {
  const password = `a long sentence of ${name}`
  const { id } = await floor.admin.post('/v1/users', { email, name, password, role_ids: [floor.roles.find((one) => one.name === role).id] })
  return { id, name, email, password }
}

/** A code for one new phone, and what the administrator does when its digits are shown. */
export async function enrolment(floor, name = 'Phone 1') {
  const made = await floor.admin.post('/v1/devices/enrolments', { site_id: floor.site.id, name })
  return {
    code: made.code,
    url: made.url,
    approve: async (digits) => {
      const pending = (await floor.admin.get('/v1/devices?state=pending')).data
      const device = pending.find((one) => one.digits === digits)
      if (device === undefined) throw new Error(`no pending phone shows ${digits}`)
      await floor.admin.post(`/v1/devices/${device.id}/approve`, { digits })
      return device
    },
  }
}
