/** What a browser or its phone refuses: safe storage, the camera. */

import { expect, test } from './stage.js'

/** The browser answers so when it is asked to keep what is saved. */
async function answers(phone, granted) {
  await phone.context.addInitScript((granted) => {
    navigator.storage.persisted = async () => false
    navigator.storage.persist = async () => granted
  }, granted)
  await phone.page.reload()
  await expect(phone.page.getByText('Live')).toBeVisible()
}

async function openSettings(phone) {
  await phone.go('More')
  await phone.page.getByRole('link', { name: 'Settings' }).click()
  await expect(phone.page.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible()
}

const UNSAFE = 'Unsafe storage: the browser may clear what is saved here. Install the app, and send often.'

test('a browser that will not keep what is saved is told of on top, among the unsent and in the settings', async ({ phone }) => {
  const { page } = phone
  await answers(phone, false)
  await expect(page.getByText(UNSAFE)).toBeVisible()
  await page.getByRole('button', { name: 'Close' }).click()
  await expect(page.getByText(UNSAFE)).toHaveCount(0)
  await phone.go('Unsent')
  await expect(page.getByRole('main').getByText(UNSAFE)).toBeVisible()
  await openSettings(phone)
  await expect(page.getByText('Unsafe: the browser may clear it')).toBeVisible()
})

test('a browser that keeps it is told of where one looks, and warns of nothing', async ({ phone }) => {
  const { page } = phone
  await answers(phone, true)
  await phone.go('Unsent')
  await expect(page.getByText('Safe storage: the browser keeps what is saved here.')).toBeVisible()
  await openSettings(phone)
  await expect(page.getByText('Safe: the browser keeps it')).toBeVisible()
  await expect(page.getByText(UNSAFE)).toHaveCount(0)
})

const FAULTS = [
  ['NotReadableError', 'The camera is busy', 'Another app is using it. Close that app and try again.'],
  ['NotAllowedError', 'The camera is not allowed', 'Tap the lock beside the address, allow the camera, and load the page again.'],
  ['NotFoundError', 'No camera here', 'Type the code, use a hand scanner, or pick a photo of the label.'],
]

for (const [fault, title, words] of FAULTS) {
  test(`a camera that answers ${fault} is told of in words, and is tried again`, async ({ floor, phone }) => {
    const { page } = phone
    await phone.context.addInitScript((fault) => {
      const { mediaDevices } = navigator
      const open = mediaDevices.getUserMedia.bind(mediaDevices)
      globalThis.cameraFails = true
      mediaDevices.getUserMedia = async (wish) => {
        if (globalThis.cameraFails) throw new DOMException('', fault)
        return open(wish)
      }
    }, fault)
    await page.reload()
    await expect(page.getByText('Live')).toBeVisible()
    await page.getByRole('button', { name: 'Start the camera' }).click()
    await expect(page.getByText(title)).toBeVisible()
    await expect(page.getByText(words)).toBeVisible()
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect(page.getByText(title)).toBeVisible()

    await test.step('a step that wants a photo says so too, and takes one of the phone’s camera app', async () => {
      await phone.goToPhoto(floor.items[0])
      await expect(page.getByText(title)).toBeVisible()
      await expect(page.getByLabel('Use the phone’s camera app')).toBeEnabled()
    })

    await phone.go('Scan')
    await expect(page.getByText(title)).toBeVisible()
    await page.evaluate(() => (globalThis.cameraFails = false))
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect(page.locator('video')).toBeVisible()
  })
}

test('on a page that is not secure the worker reads which address to open', async ({ phone }) => {
  const { page } = phone
  await phone.context.addInitScript(() => Object.defineProperty(globalThis, 'isSecureContext', { value: false }))
  await page.reload()
  await page.getByRole('button', { name: 'Start the camera' }).click()
  await expect(page.getByText('The camera needs a secure page')).toBeVisible()
  await expect(page.getByText('Open Floorline by its https address.')).toBeVisible()
})
