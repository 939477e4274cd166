import { expect, test } from '@playwright/test'

import { makeFloor } from './floor.js'
import { Phone } from './phone.js'
import { Server } from './server.js'

test('a phone that was blocked is emptied where it lies, and added like a new one', async () => {
  const server = await Server.start()
  const floor = await makeFloor(server, 1)
  const phone = await Phone.atWork(floor)
  const { page } = phone
  await floor.admin.post(`/v1/devices/${phone.device.id}/revoke`, { reason: 'left in a bus' })
  await expect(page.getByText('This phone was blocked.')).toBeVisible()
  await page.getByRole('link', { name: 'Add this phone anew' }).click()
  await page.getByRole('button', { name: 'Add this phone anew' }).click()
  await page.getByRole('button', { name: 'Remove it all' }).click()
  await expect(page.getByLabel('Code from the screen')).toBeVisible()
  const before = phone.device.id
  await phone.enrol(floor)
  expect(phone.device.id).not.toBe(before)
  await phone.signIn()
  expect(phone.errors).toEqual([])
  await phone.close()
  await server.stop()
})
