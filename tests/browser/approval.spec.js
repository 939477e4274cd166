import { colleague } from './floor.js'
import { expect, test } from './stage.js'

test.use({
  made: {
    stages: [
      {
        key: 'cut', name: 'Cutting', order: 1,
        actions: [
          { key: 'length', kind: 'measurement', label: 'Length', required: true, config: { readings: [{ name: 'length', unit: 'mm', nominal: 10, tolerance: 0.5 }] } },
          { key: 'release', kind: 'approval', label: 'Release', required: true, config: {} },
        ],
        next: [],
      },
    ],
  },
})

const LENA = { name: 'Lena Roth', email: 'lena@mill.example', role: 'quality' }

async function decides(phone, code, decision, comment = '') {
  await phone.openItem(code)
  await phone.openAction('Release')
  if (comment) await phone.page.getByRole('textbox', { name: 'Comment' }).fill(comment)
  await phone.page.getByRole('button', { name: decision, exact: true }).click()
}

async function measures(phone, code) {
  await phone.openItem(code)
  await phone.measure('10.1')
  await expect(phone.page.getByRole('main').getByRole('link', { name: 'Length' })).toContainText('done')
}

/** What the server knows of the approval of an item: who, and what they decided. */
async function decided(floor, item) {
  const { data } = await floor.admin.get(`/v1/items/${item.id}/events?limit=100`)
  const releases = data.filter((event) => event.kind === 'action.completed' && event.data.action_id === 'cut.release')
  return releases.map(({ actor, data }) => [actor.id, data.passed, data.content])
}

test('who did the work cannot approve it: they read why, and a colleague can', async ({ floor, phones }) => {
  const [item] = floor.items
  const phone = await phones.atWork({ person: await colleague(floor, { role: 'quality' }) })
  const { page } = phone
  await measures(phone, 'CAP-0001')
  await decides(phone, 'CAP-0001', 'Approve')
  await expect(page.getByText('1 needs you')).toBeVisible({ timeout: 40_000 })
  await phone.go('Unsent')
  await expect(page.getByRole('main').getByText('Needs someone else')).toBeVisible()
  await expect(page.getByText('You did the work, so another person approves it.')).toBeVisible()
  await expect(page.getByText('Ask a colleague to approve it.')).toBeVisible()
  expect(await decided(floor, item)).toEqual([])

  const lena = await colleague(floor, LENA)
  const other = await phones.atWork({ person: lena })
  await decides(other, 'CAP-0001', 'Approve')
  await other.next('Finish this item')
  await other.allSent()
  await expect.poll(() => decided(floor, item)).toEqual([[lena.id, true, expect.objectContaining({ approved: true })]])
  await expect.poll(async () => (await floor.told(item)).at(-1)).toBe('item.completed')
})

test('a colleague who does not approve says why, and the item does not go on', async ({ floor, phone, phones }) => {
  const [item] = floor.items
  await measures(phone, 'CAP-0001')
  await phone.allSent()
  const lena = await colleague(floor, LENA)
  const other = await phones.atWork({ person: lena })
  const { page } = other

  await decides(other, 'CAP-0001', 'Do not approve')
  await expect(page.getByText('Say why in a few words')).toBeVisible()
  await page.getByRole('textbox', { name: 'Comment' }).fill('the seam is open')
  await page.getByRole('button', { name: 'Do not approve' }).click()
  await expect(page.getByRole('main').getByRole('link', { name: 'Release' }).first()).toContainText('did not pass')
  await expect(page.getByRole('button', { name: 'Finish this item' })).toHaveCount(0)
  await other.allSent()
  await expect.poll(() => decided(floor, item)).toEqual([[lena.id, false, expect.objectContaining({ approved: false, comment: 'the seam is open' })]])
})

test('someone who may not approve is told that their lead was asked, and it counts once the lead says yes', async ({ floor, phone, phones }) => {
  const [item] = floor.items
  await measures(phone, 'CAP-0001')
  await phone.allSent()
  const kim = await colleague(floor)
  const other = await phones.atWork({ person: kim })
  await decides(other, 'CAP-0001', 'Approve')
  await expect(other.page.getByText('1 needs you')).toBeVisible({ timeout: 40_000 })
  await other.go('Unsent')
  await expect(other.page.getByText('You may not do this alone. Your lead was asked.')).toBeVisible()
  expect(await decided(floor, item)).toEqual([])

  const { data: cases } = await floor.admin.get('/v1/sync/cases')
  await floor.admin.post(`/v1/sync/cases/${cases[0].id}/book`, { note: 'looked at it together' })
  await expect.poll(() => decided(floor, item)).toEqual([[kim.id, true, expect.objectContaining({ approved: true })]])
  await expect(other.page.getByText('said yes: it counts.')).toBeVisible()
  await expect(other.page.getByText('looked at it together')).toBeVisible()
})

test('work that a lead sends back is a card again, with who and why, and is done again from there', async ({ floor, phone, phones }) => {
  await measures(phone, 'CAP-0001')
  await phone.allSent()
  const other = await phones.atWork({ person: await colleague(floor) })
  const { page } = other
  await decides(other, 'CAP-0001', 'Approve')
  await other.go('Unsent')
  await page.getByRole('button', { name: 'Seen' }).click({ timeout: 40_000 })
  await expect(page.getByText('Everything is sent and confirmed.')).toBeVisible()

  const { data: cases } = await floor.admin.get('/v1/sync/cases')
  await floor.admin.post(`/v1/sync/cases/${cases[0].id}/send_back`, { note: 'ask Lena to look at the seam' })
  await expect(page.getByText('1 needs you')).toBeVisible()
  await expect(page.getByText('sends it back to you.')).toBeVisible()
  await expect(page.getByText('ask Lena to look at the seam')).toBeVisible()
  await page.getByRole('link', { name: 'Do it again' }).click()
  await expect(page.getByRole('heading', { name: 'Release', level: 1 })).toBeVisible()
})
