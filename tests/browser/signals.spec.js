/** What success, a warning and a stop are told by: tone, rhythm, shape. */

import { ICONS } from '../../server/web/src/ui/icons.ts'
import { expect, test } from './stage.js'

/** Before the app's own scripts: an audio that writes down what it would play, and a phone that writes down how it would shake. */
function standIns() {
  globalThis.played = []
  globalThis.shaken = []
  const quiet = { setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined }
  const end = { connect: (next) => next }
  globalThis.AudioContext = class {
    currentTime = 0
    destination = end
    resume = async () => undefined
    createGain = () => ({ ...end, gain: quiet })
    createOscillator() {
      const voice = { frequency: { value: 0 }, connect: (next) => next }
      voice.start = (from) => (voice.from = from)
      voice.stop = (to) => globalThis.played.push({ tone: voice.frequency.value, lasts: Math.round((to - voice.from) * 100) })
      return voice
    }
  }
  navigator.vibrate = (rhythm) => globalThis.shaken.push(rhythm) > 0
}

/** What a scan is told by, once its card is there. */
async function toldBy(phone, code, title) {
  const { page } = phone
  await page.evaluate(() => (globalThis.played.splice(0), globalThis.shaken.splice(0)))
  await phone.wedge(code)
  const card = page.getByRole('main').getByRole('article').filter({ has: page.getByRole('heading', { name: title }) })
  await expect(card).toBeVisible()
  const read = () => page.evaluate(() => [globalThis.played, globalThis.shaken])
  await expect.poll(async () => (await read()).every(({ length }) => length > 0)).toBe(true)
  const [tones, [rhythm]] = await read()
  const shape = await card.locator('header svg path').first().getAttribute('d')
  const colours = await card.evaluate((card) => [getComputedStyle(card).borderInlineStartColor, getComputedStyle(card).backgroundColor].join())
  return { tones, rhythm, shape, colours }
}

test('success, a warning and a stop differ in tone, in rhythm, in shape and in colour', async ({ floor, server, phones }) => {
  const [good, revoked, scrapped] = floor.items
  const other = { email: 'admin@other.example', password: 'a sentence of another mill' }
  server.command(['user', 'create', '--admin', '--email', other.email, '--organization', 'Other'], `${other.password}\n`)
  const { labels } = await (await server.as(other)).post('/v1/labels/blanks', { count: 1 })
  const withdrawn = await floor.labelOf(revoked)
  await floor.admin.post(`/v1/labels/${withdrawn}/revoke`, { reason: 'printed twice' })
  const phone = await phones.atWork()
  await phone.context.addInitScript(standIns)
  await phone.page.reload()
  await expect(phone.page.getByText('Live')).toBeVisible()
  await phone.go('Scan')

  // The phone has heard of it when its list has one less.
  await floor.admin.post(`/v1/items/${scrapped.id}/scrap`, { reason: 'torn' })
  await phone.go('Items')
  await expect(phone.page.getByText('4 items')).toBeVisible({ timeout: 40_000 })
  await phone.go('Scan')

  const success = await toldBy(phone, `item:${good.id}`, 'CAP-0001')
  const warning = await toldBy(phone, labels[0].code, 'Not our label')
  const stop = await toldBy(phone, withdrawn, 'Label withdrawn')
  expect(await toldBy(phone, `item:${scrapped.id}`, 'CAP-0003')).toEqual(stop)
  expect([success.shape, warning.shape, stop.shape]).toEqual([ICONS.good, ICONS.warning, ICONS.stop])
  expect([success.tones.length, warning.tones.length, stop.tones.length]).toEqual([1, 2, 3])
  for (const told of ['tones', 'rhythm', 'shape', 'colours']) {
    expect(new Set([success, warning, stop].map((signal) => JSON.stringify(signal[told]))).size, told).toBe(3)
  }
})

test('who wants no sound hears none, and still feels it', async ({ floor, phones }) => {
  const phone = await phones.atWork()
  const { page } = phone
  await phone.context.addInitScript(standIns)
  await page.reload()
  await expect(page.getByText('Live')).toBeVisible()
  await phone.go('More')
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'Try it' }).click()
  await expect.poll(() => page.evaluate(() => globalThis.played.length)).toBe(1)
  await page.getByRole('switch', { name: 'Sound' }).uncheck({ force: true })
  await page.getByRole('button', { name: 'Try it' }).click()
  await phone.go('Scan')
  await phone.wedge(`item:${floor.items[0].id}`)
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await expect.poll(() => page.evaluate(() => globalThis.shaken.length)).toBe(3)
  expect(await page.evaluate(() => globalThis.played.length)).toBe(1)
})
