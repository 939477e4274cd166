import { wrongBy } from './clock.js'
import { WORKER } from './server.js'
import { expect, test } from './stage.js'

const DONE = ['item.created', 'item.started', 'action.completed', 'action.completed']

async function worksInTheDark(phone, item) {
  await phone.offline()
  await phone.wedge(`item:${item.id}`)
  await phone.openItem('CAP-0001')
  await phone.measure('10.1')
  await expect(phone.page.getByText('2 unsent')).toBeVisible()
}

async function changed(floor, method, change) {
  const { version } = await floor.admin.get(`/v1/users/${floor.worker.id}`)
  const answer = await fetch(`${floor.server.own}/v1/users/${floor.worker.id}`, {
    method,
    headers: { Authorization: `Bearer ${await floor.admin.token()}`, 'Content-Type': 'application/json', 'If-Match': `"${version}"` },
    body: change && JSON.stringify(change),
  })
  if (!answer.ok) throw new Error(`${method} of a user: ${answer.status} ${await answer.text()}`)
}

test('who was signed out meanwhile works on, and all of it goes up once they sign in again', async ({ floor, phone }) => {
  const { page } = phone
  await worksInTheDark(phone, floor.items[0])
  const password = 'a third, much longer sentence'
  await changed(floor, 'PATCH', { password })
  await phone.online()
  await expect(page.getByText('Signed out')).toBeVisible({ timeout: 40_000 })
  await phone.next('Send on to Checking')
  await expect(page.getByText('3 unsent')).toBeVisible()

  await page.getByRole('link', { name: 'Signed out' }).click()
  await expect(page.getByText('You are signed out. You can go on working, but nothing is sent until someone signs in.')).toBeVisible()
  await phone.signIn({ ...WORKER, password })
  await phone.allSent()
  await expect.poll(() => floor.told(floor.items[0])).toEqual([...DONE, 'item.advanced'])
})

for (const [where, sockets] of [['', true], [', where WebSockets are blocked too', false]]) {
  test(`the work of someone who was removed meanwhile stays, goes up with the next one who signs in, and counts as theirs${where}`, async ({ floor, phones, way }) => {
    way.sockets = sockets
    const phone = await phones.atWork()
    const { page } = phone
    await worksInTheDark(phone, floor.items[0])
    await changed(floor, 'DELETE')
    await phone.online()
    await expect(page.getByText('Signed out')).toBeVisible({ timeout: 40_000 })
    await expect(page.getByText('2 unsent')).toBeVisible()
    expect(await floor.told(floor.items[0])).toEqual(['item.created'])

    const next = { email: 'kim@mill.example', password: 'a sentence of the next one' }
    const operator = floor.roles.find((role) => role.name === 'operator')
    await floor.admin.post('/v1/users', { email: next.email, name: 'Kim Tran', password: next.password, role_ids: [operator.id] })
    await page.getByRole('link', { name: 'Signed out' }).click()
    await phone.signIn(next)
    await phone.allSent()
    await expect.poll(() => floor.told(floor.items[0])).toEqual(DONE)
    const { data } = await floor.admin.get(`/v1/items/${floor.items[0].id}/events?limit=100`)
    expect(data.filter(({ kind }) => kind === 'action.completed').map(({ actor }) => actor.id)).toEqual([floor.worker.id, floor.worker.id])
  })
}

for (const [years, side] of [[10, 'ahead'], [-10, 'behind']]) {
  test(`a phone whose clock is ten years ${side} says so, and its work counts all the same`, async ({ floor, phones, way }) => {
    way.rewrite((path) => (/\/assets\/.*\.js$/.test(path) ? (text) => wrongBy(years) + text : null))
    const phone = await phones.atWork()
    await expect(phone.page.getByText(/The clock of this phone is wrong by .* Set it right in the phone’s settings\./)).toBeVisible()
    await phone.wedge(`item:${floor.items[0].id}`)
    await phone.openItem('CAP-0001')
    await phone.measure('10.1')
    await phone.allSent()
    await expect.poll(() => floor.told(floor.items[0])).toEqual(DONE)
  })
}
