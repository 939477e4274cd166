import { expect, test } from './stage.js'

const SCANNED = ['item.created', 'item.started', 'action.completed']

/** Two stages that each wait for a scan. */
const scan = { key: 'scan', kind: 'scan', label: 'Scan the cap', required: true, config: { expected: 'this_item' } }
test.use({
  made: {
    stages: [
      { key: 'cut', name: 'Cutting', order: 1, actions: [scan], next: [{ to: 'sew' }] },
      { key: 'sew', name: 'Sewing', order: 2, actions: [{ ...scan, label: 'Scan it again' }], next: [] },
    ],
  },
})

/** Every scan that the server has, by what the code said. */
async function scans(floor) {
  return (await floor.admin.get('/v1/scans?limit=200')).data.map(({ raw }) => raw)
}

async function isScanScreen(page) {
  await expect(page.getByRole('heading', { name: 'Scan', level: 1, exact: true })).toBeAttached()
}

test('a code that was scanned on another screen opens the scan screen once: neither Back, nor coming forward again, nor loading the page anew scans it', async ({ floor, phone }) => {
  const [item, other] = floor.items
  const { page } = phone
  await phone.openItem('CAP-0002')
  await phone.wedge(`item:${item.id}`)
  await expect(page.getByRole('heading', { name: 'CAP-0001' })).toBeVisible()
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await phone.allSent()
  await expect.poll(() => floor.told(item)).toEqual(SCANNED)

  await page.goBack()
  await expect(page.getByRole('heading', { name: 'CAP-0002', level: 1 })).toBeVisible()
  await page.goForward()
  await isScanScreen(page)
  await page.reload()
  await isScanScreen(page)
  await expect(page.getByText('Live')).toBeVisible()

  // What is scanned now goes up after whatever was scanned before.
  await phone.wedge(`item:${other.id}`)
  await phone.allSent()
  await expect.poll(() => floor.told(other)).toEqual(SCANNED)
  expect(await scans(floor)).toHaveLength(2)
  expect(await floor.told(item)).toEqual(SCANNED)
})

test('when the item has gone on to a stage that waits for a scan, Back to where it was scanned completes nothing there', async ({ floor, phone }) => {
  const [item, other] = floor.items
  const { page } = phone
  await phone.go('Items')
  await phone.wedge(`item:${item.id}`)
  await phone.openItem('CAP-0001')
  await phone.next('Send on to Sewing')
  const step = page.getByRole('main').getByRole('link', { name: 'Scan it again' }).first()
  await expect(step).toContainText('open')

  await page.goBack()
  await expect(page.getByRole('heading', { name: 'Items', level: 1 })).toBeVisible()
  await page.goBack()
  await isScanScreen(page)
  await page.reload()
  await isScanScreen(page)
  await expect(page.getByText('Live')).toBeVisible()
  await phone.openItem('CAP-0001')
  await expect(step).toContainText('open')

  await phone.wedge(`item:${other.id}`)
  await phone.allSent()
  await expect.poll(() => floor.told(other)).toEqual(SCANNED)
  expect(await floor.told(item)).toEqual([...SCANNED, 'item.advanced'])
})
