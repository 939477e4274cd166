/** A phone that will not send any more, and a lead's phone beside it. */

import { readFileSync } from 'node:fs'

import { drawn } from './picture.js'
import { ADMIN } from './server.js'
import { sightOfAll } from './sight.js'
import { expect, test } from './stage.js'

async function leadsPhone(phones, options) {
  const phone = await phones.untouched(options)
  await phone.enrol(phones.floor)
  await phone.signIn(ADMIN)
  await phone.go('More')
  await phone.page.getByRole('link', { name: 'Hand in for another phone' }).click()
  return phone
}

/** Without a network: a length, a photo on its way to the next stage, and remarks enough for several codes. */
async function worksInTheDark(floor, phone) {
  await phone.offline()
  const [item] = floor.items
  await phone.goToPhoto(item)
  const buffer = await drawn(phone.page, { width: 640, height: 480 })
  await phone.page.locator('input[type=file]').setInputFiles({ name: 'front.jpg', mimeType: 'image/jpeg', buffer })
  await phone.savedStep('Front')
  await expect(phone.page.getByText('4 unsent')).toBeVisible()
  return item
}

async function takenOff(phone) {
  await phone.go('More')
  await phone.page.getByRole('link', { name: 'Phone dying? Take your work off it' }).click()
}

/** What a camera sees that is held over the codes on the other phone's screen, one after the other. */
async function sightOfCodes(phone) {
  const { page } = phone
  await takenOff(phone)
  await page.getByRole('button', { name: 'Show as codes to scan' }).click()
  const total = Number(/of (\d+)/.exec(await page.getByText(/^Code 1 of/).innerText())[1])
  expect(total).toBeGreaterThan(1)
  await page.getByRole('button', { name: 'Pause' }).click()
  const codes = []
  for (let number = 1; number <= total; number += 1) {
    await page.getByRole('button', { name: 'Next', exact: true }).click()
    codes.push(await page.getByRole('img', { name: /^Code / }).evaluate((svg) => `data:image/svg+xml;base64,${btoa(new XMLSerializer().serializeToString(svg))}`))
  }
  return sightOfAll(codes, { width: 760, frames: 20 })
}

test('the codes on a dying phone’s screen are read by a lead’s camera and handed in', async ({ floor, phone, phones }) => {
  const item = await worksInTheDark(floor, phone)
  const camera = await sightOfCodes(phone)
  const lead = await leadsPhone(phones, { camera })
  await lead.page.getByRole('button', { name: 'Read its codes' }).click()
  await expect(lead.page.getByText('4 acts handed in')).toBeVisible({ timeout: 60_000 })
  await expect(lead.page.getByText('Counted: 4. Refused: 0. Waiting for a decision: 0.')).toBeVisible()
  const told = await floor.told(item)
  expect(told.slice(-2)).toEqual(['item.advanced', 'action.completed'])

  await phone.page.getByRole('button', { name: 'Done' }).click()
  await phone.online()
  await phone.allSent()
  expect(await floor.told(item)).toEqual(told)
})

test('its file brings the photos too, and what it sends itself in the end counts once', async ({ floor, phone, phones }) => {
  const item = await worksInTheDark(floor, phone)
  await takenOff(phone)
  const saving = phone.page.waitForEvent('download')
  await phone.page.getByRole('button', { name: 'Save as a file' }).click()
  const file = await (await saving).path()
  const lead = await leadsPhone(phones)
  await lead.page.locator('input[type=file]').setInputFiles({ name: 'work.floorline', mimeType: 'application/octet-stream', buffer: readFileSync(file) })
  await expect(lead.page.getByText('Counted: 4. Refused: 0. Waiting for a decision: 0. Photos: 1.')).toBeVisible()
  const photos = async () => (await floor.admin.get(`/v1/photos?item_id=${item.id}`)).data.length
  expect(await photos()).toBe(1)
  const told = await floor.told(item)

  await phone.online()
  await phone.allSent()
  expect(await floor.told(item)).toEqual(told)
  expect(await photos()).toBe(1)
})

test('a damaged file, one of a phone nobody knows, and no network are told in words', async ({ floor, phone, phones }) => {
  await worksInTheDark(floor, phone)
  await takenOff(phone)
  const saving = phone.page.waitForEvent('download')
  await phone.page.getByRole('button', { name: 'Save as a file' }).click()
  const whole = readFileSync(await (await saving).path(), 'utf8')
  const lead = await leadsPhone(phones)
  const choose = (text) => lead.page.locator('input[type=file]').setInputFiles({ name: 'work.floorline', mimeType: 'text/plain', buffer: Buffer.from(text) })
  const said = lead.page.getByRole('alert')

  await choose('a letter')
  await expect(said).toContainText('That is no unsent work, or it was damaged on its way.')
  await choose(whole.replaceAll(phone.device.id, '00000000-0000-7000-8000-000000000000'))
  await expect(said).toContainText('That phone was not let in by your factory.')
  await lead.context.setOffline(true)
  await choose(whole)
  await expect(said).toContainText('No network. Nothing is lost: stay here and try again.')
  await lead.context.setOffline(false)
  await lead.page.getByRole('button', { name: 'Try again' }).click()
  await expect(lead.page.getByText('4 acts handed in')).toBeVisible()
})

test('a worker who may not hand in is not asked to, and a code that leads there says whom to ask', async ({ floor, phone }) => {
  await phone.go('More')
  await expect(phone.page.getByRole('link', { name: 'Hand in for another phone' })).toHaveCount(0)
  await phone.go('Scan')
  const line = JSON.stringify({ kind: 'floorline.unsent', version: 1, device_id: phone.device.id })
  const packed = Buffer.from(await new Response(new Blob([line]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer())
  await phone.wedge(`FL1/abcdef/1/1/${packed.toString('base64url')}`)
  await expect(phone.page.getByRole('alert')).toContainText('Only a lead may hand in for another phone. Ask yours.')
})
