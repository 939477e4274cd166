import { enrolment } from './floor.js'
import { expect, test } from './stage.js'

async function openAnew(page) {
  await expect(page.getByText('This phone was blocked.')).toBeVisible()
  await page.getByRole('link', { name: 'Add this phone anew' }).click()
  await page.getByRole('button', { name: 'Add this phone anew' }).click()
}

test('a phone that was blocked is emptied where it lies, and added like a new one', async ({ floor, phone }) => {
  const { page } = phone
  await floor.admin.post(`/v1/devices/${phone.device.id}/revoke`, { reason: 'left in a bus' })
  await openAnew(page)
  await page.getByRole('button', { name: 'Remove it all' }).click()
  await expect(page.getByLabel('Code from the screen')).toBeVisible()
  const before = phone.device.id
  await phone.enrol(floor)
  expect(phone.device.id).not.toBe(before)
  await phone.signIn()
})

test('before a phone is emptied it names the photos that would be lost, and how to take them off it', async ({ floor, phone, way }) => {
  const { page } = phone
  way.stand((asked) => (asked.url.startsWith('/v1/uploads') ? 'busy' : null))
  await phone.goToPhoto(floor.items[0])
  await page.getByRole('button', { name: 'Take photo' }).click()
  await phone.savedStep('Front')
  await expect(page.getByText('1 photo waiting')).toBeVisible()
  await floor.admin.post(`/v1/devices/${phone.device.id}/revoke`, { reason: 'left in a bus' })
  await openAnew(page)
  const sheet = page.getByRole('dialog', { name: 'Add this phone anew' })
  await expect(sheet).toContainText('1 photo waiting')
  await expect(sheet.getByRole('link', { name: 'Phone dying? Take your work off it' })).toBeVisible()
})

test('a phone that asked with the wrong code begins anew', async ({ floor, phones }) => {
  const phone = await phones.untouched()
  const { page } = phone
  await page.getByLabel('Code from the screen').fill((await enrolment(floor)).code)
  await page.getByRole('button', { name: 'Add this phone' }).click()
  await expect(page.getByRole('heading', { name: 'Compare the digits' })).toBeVisible()
  await page.getByRole('button', { name: 'Add this phone anew' }).click()
  await phone.enrol(floor)
  await phone.signIn()
})
