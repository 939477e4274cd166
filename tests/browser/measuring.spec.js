/** Numbers: by the pad on the screen, and by a gauge that types. */

import { expect, test } from './stage.js'

test.use({
  made: {
    stages: [
      {
        key: 'cut', name: 'Cutting', order: 1,
        actions: [
          {
            key: 'size', kind: 'measurement', label: 'Size', required: true,
            config: { readings: [{ name: 'length', unit: 'mm', nominal: 10, tolerance: 0.5 }, { name: 'bow', unit: 'mm', min: -1, max: 1 }] },
          },
        ],
        next: [],
      },
    ],
  },
})

async function pad(page, keys) {
  const names = { '.': 'Decimal point', '<': 'Erase one digit', '-': 'Plus or minus' }
  for (const key of keys) await page.getByRole('main').getByRole('button', { name: names[key] ?? key, exact: true }).click()
}

/** What the server has of the measurement: whether it passed, and its readings. */
async function measured(floor, item) {
  const { data } = await floor.admin.get(`/v1/items/${item.id}/events?limit=100`)
  const done = data.filter(({ kind }) => kind === 'action.completed')
  return done.map(({ data }) => [data.passed, ...data.content.readings.map(({ name, value, unit }) => `${name} ${value} ${unit}`)])
}

test.beforeEach(async ({ phone }) => {
  await phone.openItem('CAP-0001')
  await phone.openAction('Size')
})

test('a measurement is entered with the pad alone, and what is out of its limits is said before it is saved', async ({ floor, phone }) => {
  const { page } = phone
  const [length, bow] = [page.getByRole('textbox', { name: 'length' }), page.getByRole('textbox', { name: 'bow' })]
  await expect(page.getByText('9.5 to 10.5 mm')).toBeVisible()
  await expect(page.getByRole('button', { name: 'A number is missing' })).toBeDisabled()
  await length.click()
  await pad(page, '12')
  await expect(length).toHaveValue('12')
  await expect(page.getByText('12 mm is above 10.5. Measure again. Saved like this, it does not pass.')).toBeVisible()
  await pad(page, '<<9.4')
  await expect(page.getByText('9.4 mm is below 9.5. Measure again. Saved like this, it does not pass.')).toBeVisible()
  await pad(page, '<<<10.5')
  await expect(page.getByText('Within limits')).toBeVisible()
  await bow.click()
  await expect(page.getByText('-1 to 1 mm')).toBeVisible()
  await pad(page, '0.4-')
  await expect(bow).toHaveValue('-0.4')
  await phone.save()
  await phone.allSent()
  await expect.poll(() => measured(floor, floor.items[0])).toEqual([[true, 'length 10.5 mm', 'bow -0.4 mm']])
})

test('one that does not pass is saved only when the worker says so a second time, and a new number takes that back', async ({ floor, phone }) => {
  const { page } = phone
  await page.getByRole('textbox', { name: 'bow' }).fill('0')
  await page.getByRole('textbox', { name: 'length' }).click()
  await pad(page, '11')
  await phone.save()
  const anyway = page.getByRole('button', { name: 'Save as not passed' })
  await expect(anyway).toBeVisible()
  await pad(page, '2')
  await expect(anyway).toHaveCount(0)
  await phone.save()
  expect(await measured(floor, floor.items[0])).toEqual([])
  await anyway.click()
  await expect(page.getByText('Saved. It did not pass.').first()).toBeVisible()
  await phone.allSent()
  await expect.poll(() => measured(floor, floor.items[0])).toEqual([[false, 'length 112 mm', 'bow 0 mm']])
})

test('a gauge types into the field, its Enter goes on to the next one, and none of it is a scan', async ({ floor, phone }) => {
  const { page } = phone
  const [length, bow] = [page.getByRole('textbox', { name: 'length' }), page.getByRole('textbox', { name: 'bow' })]
  await length.focus()
  await phone.wedge('10.1')
  await expect(length).toHaveValue('10.1')
  await expect(bow).toBeFocused()
  await phone.wedge('-0.25')
  await expect(bow).toHaveValue('-0.25')
  await phone.save()
  await phone.allSent()
  await expect.poll(() => measured(floor, floor.items[0])).toEqual([[true, 'length 10.1 mm', 'bow -0.25 mm']])
  expect((await floor.admin.get('/v1/scans?limit=200')).data).toEqual([])
})

test('a code that is read while a number is asked for is not taken for the number', async ({ floor, phone }) => {
  const { page } = phone
  const length = page.getByRole('textbox', { name: 'length' })
  await length.focus()
  await pad(page, '10')
  await phone.wedge(await floor.labelOf(floor.items[1]))
  await expect(page.getByRole('main').getByText('CAP-0002')).toBeVisible()
  await expect(length).toHaveValue('10')
})

test('the first number has the focus when the step opens, and a gauge may type at once, however short its reading is', async ({ phone }) => {
  const { page } = phone
  const [length, bow] = [page.getByRole('textbox', { name: 'length' }), page.getByRole('textbox', { name: 'bow' })]
  await expect(length).toBeFocused()
  await expect(page.getByRole('list', { name: 'Size' }).getByRole('textbox')).toHaveCount(2)
  await phone.wedge('9.8')
  await expect(length).toHaveValue('9.8')
  await expect(bow).toBeFocused()
  await phone.wedge('1')
  await expect(bow).toHaveValue('1')
})

test('what is measured again takes the place of what was measured before, in the last field and in one that is tapped', async ({ floor, phone }) => {
  const { page } = phone
  const [length, bow] = [page.getByRole('textbox', { name: 'length' }), page.getByRole('textbox', { name: 'bow' })]
  await length.focus()
  for (const reading of ['12', '0.4', '0.5']) await phone.wedge(reading)
  await expect(bow).toHaveValue('0.5')
  await length.tap()
  await phone.wedge('9.8')
  await expect(length).toHaveValue('9.8')
  await length.click()
  await phone.wedge(await floor.labelOf(floor.items[1]))
  await expect(page.getByRole('main').getByText('CAP-0002')).toBeVisible()
  await expect(length).toHaveValue('9.8')
  await phone.wedge('10.1')
  await expect(length).toHaveValue('10.1')
  await expect(bow).toHaveValue('0.5')
})
