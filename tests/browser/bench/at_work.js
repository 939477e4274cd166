/** A phone with a large floor: how soon it says "saved", how soon a list is there, and whether it can be used while it hands in what it did in a dead spot. */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { makeFloor } from '../floor.js'
import { Phone } from '../phone.js'
import { Server } from '../server.js'
import { atMost, figure, percentile } from './figure.js'

const INSIDE = join(fileURLToPath(new URL('.', import.meta.url)), 'inside.js')

const FULL = { items: 1000, taps: 60, opens: 30, entries: 1000 }
const QUICK = { items: 40, taps: 3, opens: 3, entries: 40 }

const STAGES = [
  {
    key: 'cut', name: 'Cutting', order: 1,
    actions: [
      { key: 'word', kind: 'note', label: 'Remark', required: false, config: {} },
      { key: 'length', kind: 'measurement', label: 'Length', required: true, config: { readings: [{ name: 'length', unit: 'mm', nominal: 10, tolerance: 0.5 }] } },
    ],
    next: [{ to: 'check' }],
  },
  { key: 'check', name: 'Checking', order: 2, actions: [{ key: 'word', kind: 'note', label: 'Remark', required: false, config: {} }], next: [] },
]

/** What is done to one item without a network: four entries. */
const visit = (item_id) => [
  { op: 'action.complete', item_id, action_id: 'cut.word', data: { text: 'a clean seam' } },
  { op: 'action.complete', item_id, action_id: 'cut.length', data: { readings: [{ name: 'length', value: 10.1, unit: 'mm' }] } },
  { op: 'item.advance', item_id, data: { to: 'check' } },
  { op: 'action.complete', item_id, action_id: 'check.word', data: { text: 'nothing to say' } },
]

export async function atWork(quick) {
  const size = quick ? QUICK : FULL
  const server = await Server.start()
  let phone = null
  try {
    const floor = await makeFloor(server, size.items, STAGES)
    phone = await Phone.atWork(floor)
    await phone.context.addInitScript({ path: INSIDE })
    await phone.page.reload()
    await phone.page.getByText('Live').waitFor()
    const { items } = await phone.page.evaluate((limit) => bench.call('items', { limit }), size.items)
    if (items.length !== size.items) throw new Error(`${items.length} items are on the phone`)
    const ids = items.map(({ id }) => id)
    const visits = size.entries / visit(null).length
    return [
      ...(await tapToSaved(phone, ids.slice(-size.taps))),
      ...(await listOpens(phone, size)),
      ...(await replay(phone, 'Items', ids.slice(0, visits))),
      ...(await replay(phone, 'Unsent', ids.slice(visits, 2 * visits))),
    ]
  } finally {
    await phone?.close()
    await server.stop()
  }
}

/** From the finger's leaving Save until "Saved" is on the screen; beside it a bare write to the browser's database. */
async function tapToSaved({ page }, ids) {
  const [times, bare] = [[], []]
  for (const id of ids) {
    await page.evaluate((item) => (location.hash = `#/item/${item}/do/cut.word`), id)
    await page.getByRole('textbox', { name: 'Note' }).fill('a clean seam')
    await page.evaluate(() => document.querySelector('.snack button:last-child')?.click())
    await page.locator('.snack').waitFor({ state: 'detached' })
    const time = page.evaluate(() => bench.untilSeen('.snack.good'))
    await page.getByRole('button', { name: 'Save', exact: true }).tap()
    times.push(await time)
    bare.push(await page.evaluate(() => bench.bareWrite()))
  }
  const peer = (share) => ['bare IndexedDB write', percentile(bare, share)]
  return [
    figure('tap_to_saved_p50', percentile(times, 0.5), 'ms', peer(0.5)),
    figure('tap_to_saved_p95', percentile(times, 0.95), 'ms', peer(0.95), atMost(50)),
  ]
}

/** From the finger's leaving "Items" until the list is on the screen; beside it as many lines of bare text. */
async function listOpens(phone, { items, opens }) {
  const { page } = phone
  const lines = Array.from({ length: items }, (_, n) => `CAP-${n} Cutting`)
  const [times, bare] = [[], []]
  for (let n = 0; n < opens; n += 1) {
    await phone.go('Scan')
    await page.locator('.snack').waitFor({ state: 'detached' })
    const time = page.evaluate(() => bench.untilSeen('main li'))
    await page.getByRole('navigation').getByText('Items', { exact: true }).tap()
    times.push(await time)
    bare.push(await page.evaluate((texts) => bench.barePage(texts), lines))
  }
  const peer = (share) => ['as many lines of bare text', percentile(bare, share)]
  return [
    figure('list_opens_p50', percentile(times, 0.5), 'ms', peer(0.5)),
    figure('list_opens_p95', percentile(times, 0.95), 'ms', peer(0.95), atMost(100)),
  ]
}

/** Everything that was done without a network goes out while one place of the app is on the screen. */
async function replay(phone, place, ids) {
  const { page } = phone
  await phone.offline()
  await phone.go(place)
  const acts = ids.flatMap(visit)
  await page.evaluate((queued) => bench.queue(queued), acts)
  await page.evaluate(() => (globalThis.tasks = bench.watchTasks()))
  const drained = page.evaluate(() => bench.drained())
  await phone.online()
  const { ms, cards } = await drained
  if (cards > 0) throw new Error(`${cards} of ${acts.length} acts were not applied`)
  const tasks = await page.evaluate(() => tasks())
  console.error(`${place}: ${tasks.length} tasks over 50 ms while ${acts.length} entries went out${tasks.length > 0 ? `: ${tasks.map(Math.round).join(' ')}` : ''}`)
  const bare = await page.evaluate((count) => bench.bareRequests(count), acts.length)
  const name = place.toLowerCase()
  return [
    figure(`replay_${name}`, ms / 1000, 's', ['as many bare requests', bare / 1000]),
    figure(`replay_${name}_longest_task`, Math.max(0, ...tasks), 'ms', ['the page at rest', await atRest(page)], atMost(50)),
  ]
}

/** The longest task over 50 ms of a page with which nothing happens for two seconds. */
async function atRest(page) {
  return page.evaluate(async () => {
    const tasks = bench.watchTasks()
    await new Promise((passed) => setTimeout(passed, 2000))
    return Math.max(0, ...tasks())
  })
}
