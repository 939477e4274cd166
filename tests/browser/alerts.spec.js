import { expect, test } from './stage.js'

async function scansWithoutNetwork(phone, code) {
  await phone.offline()
  await phone.wedge(code)
  await expect(phone.page.getByText('Counts for: Scan the cap')).toBeVisible()
}

test('work on an item that was scrapped meanwhile stops the worker, until they say that they have stopped', async ({ floor, phone }) => {
  const [item, other] = floor.items
  const { page } = phone
  await scansWithoutNetwork(phone, `item:${item.id}`)
  await floor.admin.post(`/v1/items/${item.id}/scrap`, { reason: 'torn' })
  await phone.online()

  const alert = page.getByRole('alertdialog', { name: 'Stop. It is closed.' })
  await expect(alert).toBeVisible({ timeout: 40_000 })
  await expect(alert).toContainText('CAP-0001')
  await expect(alert).toContainText(/Scrapped by .+ at .+“torn”/)
  await expect(alert).toContainText('Scrap goes to the red bin.')
  expect(await alert.boundingBox()).toEqual({ x: 0, y: 0, ...page.viewportSize() })
  await expect(alert.getByRole('button', { name: 'I have stopped' })).toBeFocused()

  await test.step('neither Escape, nor the way back, nor a hand scanner confirms it', async () => {
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await page.goBack()
    await phone.wedge(`item:${other.id}`)
    await expect(alert).toBeVisible()
  })

  await phone.kill()
  await phone.start()
  const still = phone.page.getByRole('alertdialog', { name: 'Stop. It is closed.' })
  await still.getByRole('button', { name: 'I have stopped' }).click()
  await expect(still).toHaveCount(0)
  await phone.page.reload()
  await expect(phone.page.getByText('All sent')).toBeVisible()
  await expect(still).toHaveCount(0)
  expect(await floor.told(item)).not.toContain('action.completed')
})

test('a label that was withdrawn meanwhile stops the worker', async ({ floor, phone }) => {
  const [item] = floor.items
  const code = await floor.labelOf(item)
  await scansWithoutNetwork(phone, code)
  await floor.admin.post(`/v1/labels/${code}/revoke`, { reason: 'printed twice' })
  await phone.online()
  await expect(phone.page.getByRole('alertdialog', { name: 'Stop. Label withdrawn.' })).toBeVisible({ timeout: 40_000 })
})

test('work on an item that was held meanwhile is a card, not an alarm, and counts when the hold is lifted', async ({ floor, phone }) => {
  const [item] = floor.items
  await scansWithoutNetwork(phone, `item:${item.id}`)
  await floor.admin.post(`/v1/items/${item.id}/hold`, { reason: 'wrong thread' })
  await phone.online()
  await expect(phone.page.getByText('1 needs you')).toBeVisible({ timeout: 40_000 })
  await expect(phone.page.getByRole('alertdialog')).toHaveCount(0)
  await phone.go('Unsent')
  await expect(phone.page.getByText('Put it aside. It goes on when the hold is lifted.')).toBeVisible()
  await phone.openItem('CAP-0001')
  const { name } = await floor.admin.get('/v1/me')
  await expect(phone.page.getByText(`By ${name}`)).toBeVisible()
  await phone.go('Unsent')
  await floor.admin.post(`/v1/items/${item.id}/release`, { reason: 'thread is right' })
  await expect.poll(() => floor.told(item)).toContain('action.completed')
  await phone.page.getByRole('button', { name: 'Seen' }).click()
  await expect(phone.page.getByText('Everything is sent and confirmed.')).toBeVisible()
})
