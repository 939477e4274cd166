import { WORKER } from './server.js'
import { expect, test } from './stage.js'

test('a code that a hand scanner splits in two is one scan, whether a stray Enter came between or nothing did', async ({ floor, phone }) => {
  const [one, two] = floor.items
  const { page } = phone
  for (const [item, code, way] of [[one, 'CAP-0001', { pause: 0 }], [two, 'CAP-0002', { pause: 250 }]]) {
    const label = await floor.labelOf(item)
    await phone.wedge([label.slice(0, 7), label.slice(7)], way)
    await expect(page.getByRole('heading', { name: code })).toBeVisible()
    await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  }
  await phone.allSent()
  for (const item of [one, two]) await expect.poll(() => floor.told(item)).toEqual(['item.created', 'item.started', 'action.completed'])
})

test('a hand scanner that ends with Tab is told so in the settings, and does not move the focus', async ({ floor, phone }) => {
  const { page } = phone
  await phone.go('More')
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('group', { name: 'Hand scanner ends with' }).getByRole('radio', { name: 'Tab' }).check({ force: true })
  await phone.go('Scan')
  const menu = page.getByRole('navigation').getByRole('link', { name: 'Scan' })
  await menu.focus()
  await phone.wedge(`item:${floor.items[0].id}`, { end: 'Tab' })
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await expect(menu).toBeFocused()
})

test('a scan into a text that a person is writing leaves the text as it was, and is a scan', async ({ floor, phone }) => {
  const [one, two] = floor.items
  const { page } = phone
  await phone.openItem('CAP-0001')
  await page.getByRole('button', { name: 'Other things' }).click()
  await page.getByRole('button', { name: 'Add a note' }).click()
  const note = page.getByRole('textbox', { name: 'Note' })
  await note.fill('The thread is')
  await phone.wedge(`item:${two.id}`)
  await expect(page.getByRole('heading', { name: 'CAP-0002' })).toBeVisible()
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await expect(note).toHaveCount(0)
  await phone.allSent()
  await expect.poll(() => floor.told(one)).toEqual(['item.created'])
})

test('a scan beside a result that is half entered waits to be opened, and is offered again after the result is saved', async ({ floor, phone }) => {
  const [one, two] = floor.items
  const { page } = phone
  await phone.wedge(`item:${one.id}`)
  await phone.openItem('CAP-0001')
  await phone.openAction('Length')
  await page.getByRole('heading', { name: 'Length' }).click()
  await phone.wedge(`item:${two.id}`)
  await expect(page.getByRole('main').getByText('CAP-0002')).toBeVisible()
  await page.getByRole('textbox', { name: 'length' }).fill('10.1')
  await phone.save()
  // At the foot of the screen, for ten seconds.
  await page.locator('.snack').getByRole('button', { name: 'Open', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'CAP-0002' })).toBeVisible()
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await expect.poll(() => floor.told(one)).toEqual(['item.created', 'item.started', 'action.completed', 'action.completed'])
})

test('the next item is scanned at once after Save is pressed, before the screen has turned: it counts', async ({ floor, phone }) => {
  const { page } = phone
  await phone.wedge(`item:${floor.items[0].id}`)
  for (const [at, code] of ['CAP-0001', 'CAP-0002', 'CAP-0003'].entries()) {
    await phone.openItem(code)
    await phone.openAction('Length')
    await page.getByRole('textbox', { name: 'length' }).fill('10.1')
    const next = floor.items[at + 1]
    // The scanner's first key is still going down when the person lets go of the button.
    await page.getByRole('button', { name: 'Save', exact: true }).evaluate((button) => addEventListener('keydown', () => button.click(), { once: true }))
    await phone.wedge(`item:${next.id}`)
    await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
    await phone.allSent()
    await expect.poll(() => floor.told(next)).toEqual(['item.created', 'item.started', 'action.completed'])
  }
})

test('what a person types is not taken for a scan', async ({ floor, phone }) => {
  const { page } = phone
  await phone.go('Items')
  const field = page.getByRole('searchbox', { name: 'Search a code' })
  await field.focus()
  await phone.wedge('CAP-0003', { apart: 90 })
  await expect(field).toHaveValue('CAP-0003')
  await expect(page.getByText('1 item')).toBeVisible()
  await expect.poll(() => floor.told(floor.items[2])).toEqual(['item.created'])
})

test('a label of another factory is kept as a scan, and the worker is told whose it may be', async ({ floor, server, phone }) => {
  const other = { email: 'admin@other.example', password: 'a sentence of another mill' }
  server.command(['user', 'create', '--admin', '--email', other.email, '--organization', 'Other'], `${other.password}\n`)
  const { labels } = await (await server.as(other)).post('/v1/labels/blanks', { count: 1 })
  await phone.wedge(labels[0].code)
  await expect(phone.page.getByRole('heading', { name: 'Not our label' })).toBeVisible()
  await expect(phone.page.getByText('This is another factory’s label, or not in the system yet. The scan is kept.')).toBeVisible()
  await phone.allSent()
  await expect.poll(() => floor.told(floor.items[0])).toEqual(['item.created'])
})

test('a code of another maker that is registered for an item is that item, on the scan screen and where a step asks for it, with no network', async ({ floor, phones }) => {
  const [one, two] = floor.items
  const link = 'https://brand.example/01/09506000134352/21/A1'
  await floor.admin.post(`/v1/items/${one.id}/codes`, { raw: '(01)09506000134352(21)A1' })
  await floor.admin.post(`/v1/items/${two.id}/codes`, { raw: 'RACK 7' })
  const phone = await phones.atWork()
  const { page } = phone
  await phone.openItem('CAP-0002')
  await phone.openAction('Scan the cap')
  await phone.wedge(link)
  await expect(page.getByRole('alert').getByText('Stop. Wrong code.')).toBeVisible()
  await phone.offline()
  await phone.wedge('RACK 7')
  await expect(page.getByRole('main').getByRole('link', { name: 'Scan the cap' })).toContainText('done')
  await phone.go('Scan')
  await phone.wedge(link)
  await expect(page.getByRole('heading', { name: 'CAP-0001' })).toBeVisible()
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await phone.online()
  await phone.allSent()
  for (const item of [one, two]) await expect.poll(() => floor.told(item)).toEqual(['item.created', 'item.started', 'action.completed'])
})

test('a code that came to stand for another item while the phone had no network: the scan counts for neither, and stops the worker', async ({ floor, phones }) => {
  const [one, two] = floor.items
  const codes = (item) => `/v1/items/${item.id}/codes`
  await floor.admin.post(codes(one), { raw: 'RACK 7' })
  const phone = await phones.atWork()
  const { page } = phone
  await phone.openItem('CAP-0001')
  await phone.offline()
  await floor.admin.delete(`${codes(one)}/RACK%207`)
  await floor.admin.post(codes(two), { raw: 'RACK 7' })
  await phone.openAction('Scan the cap')
  await phone.wedge('RACK 7')
  await expect(page.getByRole('main').getByRole('link', { name: 'Scan the cap' })).toContainText('done')
  await phone.online()
  const stop = page.getByRole('alertdialog', { name: 'Stop. Wrong code.' })
  await expect(stop.getByText('The code you scanned is not the one expected.')).toBeVisible({ timeout: 40_000 })
  for (const item of [one, two]) expect(await floor.told(item)).toEqual(['item.created'])
})

test('a torn label and a code that is none of ours are told apart, in words', async ({ floor, phone }) => {
  const { page } = phone
  const label = await floor.labelOf(floor.items[0])
  const torn = label.slice(0, 5) + (label[5] === '7' ? '8' : '7') + label.slice(6)
  const off = page.getByText('One character is off. Compare with the label:')
  await phone.wedge(`${floor.server.url}/Q/${torn}`)
  await expect(off).toBeVisible()
  await page.getByRole('button', { name: 'Close' }).last().click()
  await expect(off).toHaveCount(0)

  await page.getByRole('button', { name: 'Type a code' }).click()
  const field = page.getByRole('textbox', { name: 'Code on the label' })
  await field.fill(torn)
  await page.getByRole('button', { name: 'Open', exact: true }).click()
  await expect(off).toBeVisible()
  await field.fill(label)
  await page.getByRole('button', { name: 'Open', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'CAP-0001' })).toBeVisible()

  await phone.wedge('5901234123457')
  await expect(page.getByText('Kept as it is: 5901234123457')).toBeVisible()
})

test('where the camera is refused or missing the worker reads why, and types the code', async ({ floor, phones }) => {
  for (const [camera, words] of [['refused', 'The camera is not allowed'], ['missing', 'No camera here']]) {
    const item = floor.items[camera === 'refused' ? 0 : 1]
    const phone = await phones.atWork({ camera })
    const { page } = phone
    await page.getByRole('button', { name: 'Start the camera' }).click()
    await expect(page.getByText(words)).toBeVisible()
    await page.getByRole('button', { name: 'Type a code' }).click()
    await page.getByRole('textbox', { name: 'Code on the label' }).fill(await floor.labelOf(item))
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
    await phone.allSent()
    await expect.poll(() => floor.told(item)).toEqual(['item.created', 'item.started', 'action.completed'])
  }
})

test('a scan before the floor is on the phone is not lost in silence: the worker is told to scan again', async ({ floor, phones, way }) => {
  const [item] = floor.items
  const phone = await phones.untouched()
  const { page } = phone
  await phone.enrol(floor)
  way.stand((asked) => (asked.url.startsWith('/v1/sync/snapshot') ? 'busy' : null))
  await page.getByRole('textbox', { name: 'Email' }).fill(WORKER.email)
  await page.getByLabel('Password', { exact: true }).fill(WORKER.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByText('Live')).toBeVisible()
  await phone.wedge(`item:${item.id}`)
  await expect(page.getByText('Not saved: the floor is still being loaded. Scan it again in a moment.')).toBeVisible()
  way.clear()
  // What is asked for again later each time is asked for at once on a new connection.
  await phone.offline()
  await phone.online()
  await phone.go('Items')
  await expect(page.getByText('5 items')).toBeVisible({ timeout: 40_000 })
  await phone.wedge(`item:${item.id}`)
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await phone.allSent()
  await expect.poll(() => floor.told(item)).toEqual(['item.created', 'item.started', 'action.completed'])
})
