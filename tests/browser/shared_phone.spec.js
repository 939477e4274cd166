/** One phone that two workers share, each with a badge and a PIN. */

import { colleague } from './floor.js'
import { WORKER } from './server.js'
import { expect, test } from './stage.js'

const ANA = { name: 'Ana Silva', pin: '2580' }
const KIM = { name: 'Kim Tran', pin: '1379' }
const NO_MATCH = 'That did not match. Try again.'

/** Gives somebody a PIN and a badge, and answers what is on it. */
async function badgeOf(floor, id, { pin }) {
  await floor.admin.put(`/v1/users/${id}/pin`, { pin })
  return (await floor.admin.post(`/v1/users/${id}/badge`, {})).code
}

async function enterPin(page, pin) {
  for (const digit of pin) await page.getByRole('main').getByRole('button', { name: digit, exact: true }).click()
  await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click()
}

async function isWorking(page, name) {
  await expect(page.getByRole('heading', { name: 'Scan', level: 1, exact: true })).toBeAttached()
  await page.getByRole('navigation').getByText('More', { exact: true }).click()
  await expect(page.getByRole('link', { name })).toContainText('Switch worker')
}

/** By a badge that the hand scanner reads. */
async function comesWithBadge(phone, code, who) {
  await expect(phone.page.getByRole('heading', { name: 'Who is working?' })).toBeVisible()
  await phone.wedge(code)
  await expect(phone.page.getByRole('textbox', { name: 'Badge code' })).toHaveValue(code)
  await enterPin(phone.page, who.pin)
  await isWorking(phone.page, who.name)
}

async function comesWithPassword(phone, person) {
  await phone.entersPassword(person)
  await isWorking(phone.page, person.name)
}

async function switches(phone, who, pin = who.pin) {
  await phone.go('More')
  await phone.page.getByRole('link', { name: 'Switch worker' }).click()
  await phone.page.getByRole('button', { name: who.name }).click()
  await enterPin(phone.page, pin)
}

/** Both have been here, and Kim is the last of them. */
async function bothWereHere(floor, phones) {
  const kim = await colleague(floor)
  const badges = { ana: await badgeOf(floor, floor.worker.id, ANA), kim: await badgeOf(floor, kim.id, KIM) }
  const phone = await phones.untouched()
  await phone.enrol(floor)
  await comesWithBadge(phone, badges.ana, ANA)
  await phone.page.getByRole('link', { name: 'Switch worker' }).click()
  await comesWithBadge(phone, badges.kim, KIM)
  // Only with a connection of her own is she given the lease that others hand her work in by.
  await expect(phone.page.getByText('Live')).toBeVisible()
  await phone.go('Items')
  await expect(phone.page.getByText('5 items')).toBeVisible()
  return { phone, kim, badges }
}

async function measures(phone, code) {
  await phone.openItem(code)
  await phone.measure('10.1')
  await expect(phone.page.getByRole('main').getByRole('link', { name: 'Length' }).first()).toContainText('done')
}

async function actors(floor, item) {
  const { data } = await floor.admin.get(`/v1/items/${item.id}/events?limit=100`)
  return data.filter(({ kind }) => kind === 'action.completed').map(({ actor }) => actor.id)
}

test('two workers take turns by PIN, without a network too, and what each of them did counts as theirs', async ({ floor, phones }) => {
  const [one, two, three] = floor.items
  const { phone, kim } = await bothWereHere(floor, phones)
  const { page } = phone
  await switches(phone, ANA)
  await isWorking(page, 'Ana Silva')

  await phone.offline()
  await measures(phone, 'CAP-0001')
  await expect(page.getByText('1 unsent')).toBeVisible()
  await phone.go('More')
  await page.getByRole('link', { name: 'Switch worker' }).click()
  await expect(page.getByText('No network. Someone who signed in here today can go on with their PIN.')).toBeVisible()
  await page.getByRole('button', { name: 'Kim Tran' }).click()
  await enterPin(page, '9753')
  await expect(page.getByRole('alert')).toContainText(NO_MATCH)
  await enterPin(page, KIM.pin)
  await isWorking(page, 'Kim Tran')
  await measures(phone, 'CAP-0002')

  await phone.go('More')
  await page.getByRole('link', { name: 'Switch worker' }).click()
  await expect(page.getByRole('button', { name: 'Ana Silva' })).toContainText('1 unsent')
  await page.getByRole('button', { name: 'Ana Silva' }).click()
  await enterPin(page, ANA.pin)
  await isWorking(page, 'Ana Silva')
  await measures(phone, 'CAP-0003')
  await expect(page.getByText('3 unsent')).toBeVisible()

  await phone.online()
  await phone.allSent()
  await expect.poll(() => actors(floor, one)).toEqual([floor.worker.id])
  await expect.poll(() => actors(floor, two)).toEqual([kim.id])
  await expect.poll(() => actors(floor, three)).toEqual([floor.worker.id])
})

test('who signs out without a network leaves their work on the phone, and it goes up as theirs with whoever comes next', async ({ floor, phones }) => {
  const { phone, kim } = await bothWereHere(floor, phones)
  const { page } = phone
  await phone.offline()
  await measures(phone, 'CAP-0001')
  await expect(page.getByText('1 unsent')).toBeVisible()
  await phone.go('More')
  await page.getByRole('link', { name: 'Switch worker' }).click()
  await expect(page.getByText('Your unsent work stays on this phone and is sent when you sign in again.')).toBeVisible()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByText('Signed out')).toBeVisible()
  await page.getByRole('button', { name: 'Ana Silva' }).click()
  await enterPin(page, ANA.pin)
  await isWorking(page, 'Ana Silva')
  await measures(phone, 'CAP-0002')
  await expect(page.getByText('2 unsent')).toBeVisible()
  await phone.online()
  await phone.allSent()
  await expect.poll(() => actors(floor, floor.items[0])).toEqual([kim.id])
  await expect.poll(() => actors(floor, floor.items[1])).toEqual([floor.worker.id])
})

test('who signed out and comes back by PIN is signed in again, and what they do is sent', async ({ floor, phones }) => {
  const { phone, kim } = await bothWereHere(floor, phones)
  const { page } = phone
  await phone.go('More')
  await page.getByRole('link', { name: 'Switch worker' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByText('Signed out')).toBeVisible()
  await page.getByRole('button', { name: 'Kim Tran' }).click()
  await enterPin(page, KIM.pin)
  await isWorking(page, 'Kim Tran')
  await measures(phone, 'CAP-0001')
  await phone.allSent()
  await expect(page.getByText('Live')).toBeVisible()
  await expect.poll(() => actors(floor, floor.items[0])).toEqual([kim.id])
})

test('a PIN that a lead changed does not open the phone any more, with a network or without, and the new one does', async ({ floor, phones }) => {
  const { phone } = await bothWereHere(floor, phones)
  const changed = '8642'
  await floor.admin.put(`/v1/users/${floor.worker.id}/pin`, { pin: changed })
  await switches(phone, ANA)
  await expect(phone.page.getByRole('alert')).toContainText(NO_MATCH)
  await phone.offline()
  await enterPin(phone.page, ANA.pin)
  await expect(phone.page.getByRole('alert')).toContainText(NO_MATCH)
  await phone.online()
  await enterPin(phone.page, changed)
  await isWorking(phone.page, 'Ana Silva')
  await switches(phone, KIM)
  await isWorking(phone.page, 'Kim Tran')
  await phone.offline()
  await switches(phone, ANA, changed)
  await isWorking(phone.page, 'Ana Silva')
})

test('what became of one worker’s acts is named as theirs to the other, who may stop for them but not answer for them', async ({ floor, phones }) => {
  const [one, two] = floor.items
  const { phone } = await bothWereHere(floor, phones)
  const { page } = phone
  const whose = 'Done on this phone by Kim Tran. Tell them.'
  await phone.offline()
  await phone.wedge(`item:${two.id}`)
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await phone.actOften([{ op: 'action.complete', item_id: one.id, action_id: 'cut.length', data: { readings: {} } }])
  await page.reload()
  await expect(page.getByText('2 unsent')).toBeVisible()
  await switches(phone, ANA)
  await isWorking(page, 'Ana Silva')
  await floor.admin.post(`/v1/items/${two.id}/scrap`, { reason: 'torn' })
  await phone.online()

  const alert = page.getByRole('alertdialog', { name: 'Stop. It is closed.' })
  await expect(alert).toContainText(whose, { timeout: 40_000 })
  await alert.getByRole('button', { name: 'I have stopped' }).click()
  await phone.go('Unsent')
  const card = page.getByRole('main').getByRole('listitem').filter({ hasText: 'CAP-0001' })
  await expect(card).toContainText(whose)
  await expect(card.getByRole('link', { name: 'Open the item' })).toBeVisible()
  await expect(card.getByRole('link', { name: 'Do it again' })).toHaveCount(0)
  await expect(card.getByRole('button', { name: 'Seen' })).toHaveCount(0)

  await switches(phone, KIM)
  await isWorking(page, 'Kim Tran')
  await phone.go('Unsent')
  await expect(card.getByRole('link', { name: 'Do it again' })).toBeVisible()
  await expect(card).not.toContainText(whose)
  await card.getByRole('button', { name: 'Seen' }).click()
  await expect(page.getByText('Everything is sent and confirmed.')).toBeVisible()
})

test('a wrong PIN lets nobody in, and the right one does', async ({ floor, phones }) => {
  const badge = await badgeOf(floor, floor.worker.id, ANA)
  const phone = await phones.untouched()
  const { page } = phone
  await phone.enrol(floor)
  await page.getByRole('radio', { name: 'Badge and PIN' }).check({ force: true })
  await page.getByRole('textbox', { name: 'Badge code' }).fill(badge)
  const enter = page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true })
  await expect(enter).toBeDisabled()
  await enterPin(page, '9753')
  await expect(page.getByRole('alert')).toContainText(NO_MATCH)
  await expect(page.getByRole('heading', { name: 'Who is working?' })).toBeVisible()
  await enterPin(page, ANA.pin)
  await isWorking(page, 'Ana Silva')
})

test('a badge that is scanned while another’s PIN is asked for is whose PIN is asked for next', async ({ floor, phones }) => {
  const { phone, badges } = await bothWereHere(floor, phones)
  const { page } = phone
  await phone.go('More')
  await page.getByRole('link', { name: 'Switch worker' }).click()
  await page.getByRole('button', { name: 'Ana Silva' }).click()
  await expect(page.getByLabel('PIN of Ana Silva')).toBeVisible()
  await comesWithBadge(phone, badges.kim, KIM)
})

test('a badge is enough without a network for who was here before, and for nobody else', async ({ floor, phones }) => {
  const kim = await colleague(floor)
  const badges = { ana: await badgeOf(floor, floor.worker.id, ANA), kim: await badgeOf(floor, kim.id, KIM) }
  const phone = await phones.untouched()
  const { page } = phone
  await phone.enrol(floor)
  await comesWithBadge(phone, badges.ana, ANA)
  await phone.go('Items')
  await expect(page.getByText('5 items')).toBeVisible()
  await phone.offline()
  await phone.go('More')
  await page.getByRole('link', { name: 'Switch worker' }).click()
  await expect(page.getByRole('heading', { name: 'Who is working?' })).toBeVisible()
  await phone.wedge(badges.kim)
  await expect(page.getByRole('textbox', { name: 'Badge code' })).toHaveValue(badges.kim)
  await enterPin(page, KIM.pin)
  await expect(page.getByRole('alert')).toContainText('This needs the network. Try again when you have it.')
  await comesWithBadge(phone, badges.ana, ANA)
})

test('who signed in by password has no PIN here: the phone says so instead of asking for one', async ({ floor, phones }) => {
  const kim = await colleague(floor)
  const phone = await phones.atWork()
  const { page } = phone
  await phone.go('More')
  await page.getByRole('link', { name: 'Switch worker' }).click()
  await comesWithPassword(phone, kim)
  await page.getByRole('link', { name: 'Switch worker' }).click()
  const ana = page.getByRole('button', { name: 'Ana Silva' })
  await expect(ana).toBeDisabled()
  await expect(ana).toContainText('Sign in with the password first')
  await comesWithPassword(phone, { name: 'Ana Silva', ...WORKER })
})
