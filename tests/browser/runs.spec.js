/** Many codes in a row: only what needs a person is shown. */

import { expect, test } from './stage.js'

/** A label with one character misread. */
async function torn(floor, item) {
  const label = await floor.labelOf(item)
  return `${floor.server.url}/Q/${label.slice(0, 5)}${label[5] === '7' ? '8' : '7'}${label.slice(6)}`
}

async function startRun(phone) {
  await phone.go('Scan')
  await phone.page.getByRole('button', { name: 'Many in a row' }).click()
  await expect(phone.page.getByText('Scanning many. Only what needs you is shown.')).toBeVisible()
}

const listed = (page) => page.getByRole('main').getByRole('listitem')

test('of a run with a good, a torn, a held and a repeated code only the torn and the held are shown', async ({ floor, phones }) => {
  const [good, held] = floor.items
  await floor.admin.post(`/v1/items/${held.id}/hold`, { reason: 'wrong thread' })
  const phone = await phones.atWork()
  const { page } = phone
  await startRun(phone)
  const codes = [await floor.labelOf(good), await torn(floor, good), await floor.labelOf(held)]
  for (const [at, code] of codes.entries()) {
    await phone.wedge(code)
    await expect(page.getByText(at === 0 ? '1 code' : `${at + 1} codes`, { exact: true })).toBeVisible()
  }
  await expect(page.getByText('1 fine')).toBeVisible()
  await expect(page.getByText('2 need a look')).toBeVisible()
  await expect(listed(page)).toHaveCount(2)
  await expect(listed(page).filter({ hasText: 'CAP-0002' }).getByRole('link', { name: 'Open' })).toBeVisible()
  await expect(listed(page).filter({ hasText: 'One character is off. Compare with the label:' })).toHaveCount(1)

  // The one after the repeated code says that the repeated one was read.
  await phone.wedge(codes[0])
  await phone.wedge(await floor.labelOf(floor.items[2]))
  await expect(page.getByText('4 codes')).toBeVisible()
  await expect(page.getByText('2 fine')).toBeVisible()
  await expect(page.getByText('2 need a look')).toBeVisible()
  await expect(listed(page)).toHaveCount(2)

  await page.getByRole('button', { name: 'Start a new run' }).click()
  await expect(page.getByText('0 codes')).toBeVisible()
  await expect(listed(page)).toHaveCount(0)
  await page.getByRole('button', { name: 'Finish the run' }).click()
  await expect(page.getByText('Scanning many. Only what needs you is shown.')).toHaveCount(0)
  await phone.allSent()
  await expect.poll(async () => (await floor.told(good)).filter((kind) => kind === 'action.completed')).toHaveLength(1)
})

test('a code that failed first and was read well later is not shown any more', async ({ floor, phones, way }) => {
  const [item] = floor.items
  const phone = await phones.untouched()
  const { page } = phone
  await phone.enrol(floor)
  // A scan before the floor is on the phone fails; the same one is well once it is there.
  way.stand((asked) => (asked.url.startsWith('/v1/sync/snapshot') ? 'busy' : null))
  await phone.entersPassword()
  await expect(page.getByText('Live')).toBeVisible()
  await startRun(phone)
  const label = await floor.labelOf(item)
  await phone.wedge(label)
  await expect(page.getByText('1 needs a look')).toBeVisible()
  await expect(listed(page)).toHaveCount(1)

  way.clear()
  await expect(async () => {
    await phone.wedge(label)
    await expect(page.getByText('1 fine')).toBeVisible({ timeout: 2_000 })
  }).toPass({ timeout: 90_000 })
  await expect(page.getByText('1 code', { exact: true })).toBeVisible()
  await expect(page.getByText('1 needs a look')).toHaveCount(0)
  await expect(listed(page)).toHaveCount(0)
  await phone.allSent()
  await expect.poll(() => floor.told(item)).toEqual(['item.created', 'item.started', 'action.completed'])
})
