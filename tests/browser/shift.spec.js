import { expect, test } from './stage.js'

/** The worker's shifts as the server has them, the latest first: where, and how they ended. */
async function shifts(floor) {
  const { data } = await floor.admin.get(`/v1/shifts?user_id=${floor.worker.id}`)
  return data.map(({ site_id, location_id, end_reason }) => ({ site: site_id === floor.site.id, at: location_id ?? null, end: end_reason ?? null }))
}

async function openShift(phone) {
  await phone.go('More')
  await phone.page.getByRole('main').getByRole('link', { name: 'Shift' }).click()
  await expect(phone.page.getByRole('heading', { name: 'Shift', level: 1 })).toBeVisible()
}

/** Chooses where the shift is, from the place that is shown now. */
async function choosePlace(page, shown, wanted) {
  await page.getByRole('button', { name: shown, exact: true }).click()
  const sheet = page.getByRole('dialog', { name: 'Where do you work?' })
  await sheet.getByRole('button', { name: wanted }).click()
  await expect(sheet).toHaveCount(0)
  await expect(page.getByRole('button', { name: wanted }).first()).toBeVisible()
}

test('a worker starts a shift at a station, moves to another and ends it, and the server agrees', async ({ floor, phones }) => {
  const { id: second } = await floor.admin.post('/v1/locations', { kind: 'station', name: 'Sewing 1', parent_id: floor.site.id })
  const phone = await phones.atWork()
  const { page } = phone
  await openShift(phone)
  await expect(page.getByText('You are not on shift.')).toBeVisible()
  await choosePlace(page, 'The whole site', 'Cutting 1')
  await page.getByRole('button', { name: 'Start my shift' }).click()
  await expect(page.getByRole('heading', { name: 'Queue', level: 1 })).toBeVisible()
  await phone.allSent()
  await expect.poll(() => shifts(floor)).toEqual([{ site: true, at: floor.station.id, end: null }])

  await openShift(phone)
  await expect(page.getByText('On shift at Cutting 1')).toBeVisible()
  await choosePlace(page, 'Cutting 1', 'Sewing 1')
  await page.getByRole('button', { name: 'Change my place' }).click()
  await phone.allSent()
  await expect.poll(() => shifts(floor)).toEqual([{ site: true, at: second, end: null }, { site: true, at: floor.station.id, end: 'superseded' }])

  await openShift(phone)
  await expect(page.getByText('On shift at Sewing 1')).toBeVisible()
  await page.getByRole('button', { name: 'End my shift' }).click()
  await expect(page.getByText('You are not on shift.')).toBeVisible()
  await phone.allSent()
  await expect.poll(() => shifts(floor)).toEqual([{ site: true, at: second, end: 'ended' }, { site: true, at: floor.station.id, end: 'superseded' }])
})

test('who ends a shift with unsent work is warned, may go and see it, and may end all the same', async ({ floor, phone }) => {
  const { page } = phone
  await openShift(phone)
  await page.getByRole('button', { name: 'Start my shift' }).click()
  await phone.allSent()
  await expect.poll(() => shifts(floor)).toEqual([{ site: true, at: null, end: null }])

  await phone.offline()
  await phone.openItem('CAP-0001')
  await phone.measure('10.1')
  await openShift(phone)
  await expect(page.getByText('1 act is not sent yet')).toBeVisible()
  const sheet = page.getByRole('dialog', { name: 'End my shift' })
  await page.getByRole('button', { name: 'End my shift' }).click()
  await expect(sheet).toContainText('1 act is not sent yet')
  await expect(sheet).toContainText('Keep the phone where it has a network until it says “All sent”.')
  await sheet.getByRole('link', { name: 'See what is unsent' }).click()
  await expect(page.getByRole('heading', { name: 'Unsent', level: 1 })).toBeVisible()
  await expect(page.getByRole('main').getByText('Done: Length')).toBeVisible()

  await openShift(phone)
  await expect(page.getByText('On shift', { exact: true })).toBeVisible()
  await page.getByRole('button', { name: 'End my shift' }).click()
  await sheet.getByRole('button', { name: 'End anyway' }).click()
  await expect(page.getByText('You are not on shift.')).toBeVisible()
  await expect(page.getByText('2 unsent')).toBeVisible()
  expect(await shifts(floor)).toEqual([{ site: true, at: null, end: null }])

  await phone.online()
  await phone.allSent()
  await expect.poll(() => shifts(floor)).toEqual([{ site: true, at: null, end: 'ended' }])
  await expect.poll(() => floor.told(floor.items[0])).toEqual(['item.created', 'item.started', 'action.completed'])
})

test('who ends a shift with photos that were not sent yet is warned, though every act was', async ({ floor, phone, way }) => {
  const { page } = phone
  await openShift(phone)
  await page.getByRole('button', { name: 'Start my shift' }).click()
  way.stand((asked) => (asked.url.startsWith('/v1/uploads') ? 'busy' : null))
  await phone.goToPhoto(floor.items[0])
  await page.getByRole('button', { name: 'Take photo' }).click()
  await phone.savedStep('Front')
  await expect(page.getByRole('region', { name: 'How your work stands' })).toContainText('1 photo waiting')
  await openShift(phone)
  await page.getByRole('button', { name: 'End my shift' }).click()
  const sheet = page.getByRole('dialog', { name: 'End my shift' })
  await expect(sheet).toContainText('1 photo waiting')
  await expect(sheet).not.toContainText('not sent yet')
  way.clear()
  await expect(sheet).not.toContainText('waiting', { timeout: 40_000 })
  await sheet.getByRole('button', { name: 'End anyway' }).click()
  await expect(page.getByText('You are not on shift.')).toBeVisible()
})
