/** `npm run screens`: the pictures of docs/screens, taken of a phone at work on a real server. */

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { makeFloor } from './floor.js'
import { Phone } from './phone.js'
import { ADMIN, Server } from './server.js'
import { sightOf } from './sight.js'

const FOLDER = fileURLToPath(new URL('../../docs/screens/', import.meta.url))

const server = await Server.start()
const phones = []
try {
  const floor = await makeFloor(server, 12)
  await floor.admin.post('/v1/queues', { name: 'Cutting', site_id: floor.site.id, stage: 'cut' })
  const phone = await Phone.atWork(floor, { camera: await sightOf(floor, floor.items[0]) })
  phones.push(phone)
  await work(floor, phone)
  const lead = await Phone.open(server)
  phones.push(lead)
  await lead.page.getByRole('button', { name: 'Add this phone' }).waitFor()
  await shot(lead.page, 'add')
  await lead.enrol(floor)
  await shot(lead.page, 'sign-in')
  await lead.signIn(ADMIN)
  await beside(lead)
  const other = await Phone.open(server, { looks: { locale: 'bn-BD', colorScheme: 'dark' } })
  phones.push(other)
  await elsewhere(other)
} finally {
  for (const phone of phones) await phone.close()
  await server.stop()
}

async function work(floor, phone) {
  const { page } = phone
  await closeStrips(page)
  await page.getByRole('button', { name: 'Start the camera' }).click()
  await page.getByRole('heading', { name: 'CAP-0001' }).waitFor()
  await shot(page, 'scan')
  await phone.openItem('CAP-0001')
  await shot(page, 'item')
  await phone.openAction('Length')
  await page.getByRole('textbox', { name: 'length' }).fill('11.2')
  await shot(page, 'measure')
  await page.getByRole('textbox', { name: 'length' }).fill('10.1')
  await phone.save()
  await phone.next('Send on to Checking')
  await phone.openAction('Front')
  await page.getByRole('button', { name: 'Take photo' }).waitFor()
  await shot(page, 'photo')
  await phone.go('Scan')
  await page.getByRole('button', { name: 'Many in a row' }).click()
  for (const raw of [`item:${floor.items[3].id}`, `item:${floor.items[4].id}`, 'a torn label']) await phone.wedge(raw)
  await page.getByText('1 needs a look').waitFor()
  await shot(page, 'bulk')
  await page.getByRole('button', { name: 'Finish the run' }).click()
  await phone.go('Items')
  await page.getByText('12 items').waitFor()
  await shot(page, 'items')
  await phone.go('Queue')
  await page.getByText('Cutting · 11').click()
  await page.getByRole('main').getByText('CAP-0002').waitFor()
  await shot(page, 'queue')
  await phone.offline()
  for (const item of floor.items.slice(1, 3)) {
    await phone.wedge(`item:${item.id}`)
    // The camera reads its own label meanwhile.
    await page.getByText(/Counts for|Scan kept/).first().waitFor()
  }
  await phone.go('Unsent')
  await page.getByText(/^\d unsent$/).first().waitFor()
  await shot(page, 'unsent')
  await page.getByRole('link', { name: 'Phone dying? Take your work off it' }).click()
  await page.getByRole('button', { name: 'Show as codes to scan' }).click()
  await page.getByRole('img', { name: /^Code / }).waitFor()
  await shot(page, 'hand-over')
  await floor.admin.post(`/v1/items/${floor.items[1].id}/scrap`, { reason: 'torn at the seam' })
  await phone.online()
  await page.getByRole('alertdialog').waitFor()
  await shot(page, 'stop')
}

async function beside({ page }) {
  await closeStrips(page)
  await page.goto(`${server.url}/app/#/shift`)
  await page.getByRole('button', { name: 'Start my shift' }).waitFor()
  await shot(page, 'shift')
  await page.goto(`${server.url}/app/#/hand-in`)
  await page.getByRole('button', { name: 'Read its codes' }).waitFor()
  await shot(page, 'hand-in')
  await page.goto(`${server.url}/app/#/notices`)
  await page.getByRole('switch').first().waitFor()
  await shot(page, 'notices')
}

/** In the dark, in another writing. */
async function elsewhere({ page }) {
  await page.getByRole('button').first().waitFor()
  await page.evaluate(() => document.fonts.ready)
  await shot(page, 'add-bn-dark')
}

async function closeStrips(page) {
  const close = page.getByRole('button', { name: 'Close' }).first()
  if (await close.isVisible()) await close.click()
}

async function shot(page, name) {
  const snack = page.locator('.snack')
  if (await snack.isVisible()) await snack.getByRole('button', { name: 'Close' }).click()
  await snack.waitFor({ state: 'detached' })
  await page.screenshot({ path: join(FOLDER, `${name}.png`) })
}
