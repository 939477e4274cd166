import { expect, test } from './stage.js'

const NOTES = 230

test('of an item with more than 200 events the latest are shown first, and all of them can be had', async ({ floor, phones }) => {
  const [item] = floor.items
  for (let number = 1; number <= NOTES; number += 1) await floor.admin.post(`/v1/items/${item.id}/notes`, { text: `note ${number}` })
  const phone = await phones.atWork()
  const { page } = phone
  await phone.openItem('CAP-0001')
  await page.getByRole('button', { name: 'Show the history' }).click()
  const told = page.locator('main section:has(> h2:text-is("History"))').getByRole('listitem')
  await expect(told).toHaveCount(50)
  await expect(told.first()).toContainText(`note ${NOTES}`)
  await expect(told.nth(1)).toContainText(`note ${NOTES - 1}`)
  const earlier = page.getByRole('button', { name: 'Show earlier' })
  for (const count of [100, 150, 200]) {
    await earlier.click()
    await expect(told).toHaveCount(count)
  }
  await earlier.click()
  await expect(earlier).toHaveCount(0)
  await expect(told).toHaveCount(NOTES + 1)
  await expect(told.last()).toContainText('Created')
})

test('an item’s history is asked for when something happened to it, not with every piece of news', async ({ floor, phone, way }) => {
  const [item, ...others] = floor.items
  const { page } = phone
  await phone.openItem('CAP-0001')
  await page.getByRole('button', { name: 'Show the history' }).click()
  await expect(page.getByText('Created')).toBeVisible()
  const asked = () => way.asked.filter((line) => line.startsWith(`GET /v1/items/${item.id}/events`)).length
  const before = asked()
  for (const other of others) await floor.admin.post(`/v1/items/${other.id}/hold`, { reason: 'stain' })
  await floor.admin.post(`/v1/items/${item.id}/hold`, { reason: 'the wrong thread' })
  await expect(page.getByText('the wrong thread').first()).toBeVisible()
  await expect.poll(asked).toBe(before + 1)
})
