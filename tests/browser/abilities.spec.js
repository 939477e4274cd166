/** What only some phones can do, by stand-ins that keep to the browsers' own interfaces. */

import { sightOf } from './sight.js'
import { expect, test } from './stage.js'

async function withAbilities(phone, standIns) {
  await phone.context.addInitScript(standIns)
  await phone.page.reload()
  await expect(phone.page.getByText('Live')).toBeVisible()
}

test('the browser’s own detector is asked where there is one, and shows where the code is', async ({ floor, phones }) => {
  const phone = await phones.atWork()
  const label = await floor.labelOf(floor.items[0])
  await phone.context.addInitScript((text) => {
    globalThis.BarcodeDetector = class {
      static getSupportedFormats = async () => ['qr_code']
      detect = async () => [{ rawValue: text, cornerPoints: [{ x: 10, y: 10 }, { x: 90, y: 10 }, { x: 90, y: 90 }, { x: 10, y: 90 }] }]
    }
  }, label)
  await withAbilities(phone, () => undefined)
  await phone.page.getByRole('button', { name: 'Start the camera' }).click()
  await expect(phone.page.getByRole('heading', { name: 'CAP-0001' })).toBeVisible()
  await expect(phone.page.locator('svg.outline polygon')).toBeVisible()
  expect(phone.page.workers().some((worker) => worker.url().includes('decode.worker'))).toBe(false)
})

test('a detector that fails leaves the frame to ours', async ({ floor, phones }) => {
  const phone = await phones.atWork({ camera: await sightOf(floor, floor.items[0]) })
  await withAbilities(phone, () => {
    globalThis.BarcodeDetector = class {
      static getSupportedFormats = async () => ['qr_code']
      detect = async () => {
        throw new DOMException('no service', 'NotSupportedError')
      }
    }
  })
  await phone.page.getByRole('button', { name: 'Start the camera' }).click()
  await expect(phone.page.getByRole('heading', { name: 'CAP-0001' })).toBeVisible()
})

test('light, zoom and a tap to focus are there where the camera has them', async ({ phones }) => {
  const phone = await phones.atWork()
  const { page } = phone
  await withAbilities(phone, () => {
    globalThis.wishes = []
    MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true, zoom: { min: 1, max: 5, step: 0.5 }, focusMode: ['single-shot'] })
    MediaStreamTrack.prototype.applyConstraints = async ({ advanced }) => void globalThis.wishes.push(...advanced)
  })
  await page.getByRole('button', { name: 'Start the camera' }).click()
  const light = page.getByRole('button', { name: 'Light' })
  await light.click()
  await expect(light).toHaveAttribute('aria-pressed', 'true')
  await light.click()
  await page.getByRole('slider', { name: 'Zoom' }).fill('2.5')
  await page.locator('video').dispatchEvent('pointerdown', { clientX: 180, clientY: 200 })
  const wishes = await page.evaluate(() => globalThis.wishes)
  expect(wishes.slice(0, 3)).toEqual([{ torch: true }, { torch: false }, { zoom: 2.5 }])
  expect(wishes[3]).toMatchObject({ focusMode: 'single-shot' })
})

test('a phone that shakes tells success, and a worker who wants no shaking is left alone', async ({ floor, phone }) => {
  const { page } = phone
  await withAbilities(phone, () => {
    globalThis.shaken = []
    navigator.vibrate = (rhythm) => globalThis.shaken.push(rhythm) > 0
  })
  await phone.go('Scan')
  await phone.wedge(`item:${floor.items[0].id}`)
  await expect.poll(() => page.evaluate(() => globalThis.shaken)).toEqual([[40]])
  await phone.go('More')
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('switch', { name: 'Vibration' }).uncheck({ force: true })
  await phone.go('Scan')
  await phone.wedge(`item:${floor.items[1].id}`)
  await expect(page.getByRole('heading', { name: 'CAP-0002' })).toBeVisible()
  expect(await page.evaluate(() => globalThis.shaken)).toEqual([[40]])
})

test('a note is spoken where the browser can listen, and one that hears nothing says so', async ({ floor, phone }) => {
  const { page } = phone
  await withAbilities(phone, () => {
    globalThis.SpeechRecognition = class extends EventTarget {
      start() {
        globalThis.listening = this
      }
      stop() {
        this.onend()
      }
    }
  })
  await phone.openItem('CAP-0001')
  await page.getByRole('button', { name: 'Other things' }).click()
  await page.getByRole('button', { name: 'Add a note' }).click()
  await page.getByRole('button', { name: 'Speak' }).click()
  const hears = (text) => page.evaluate((transcript) => globalThis.listening.onresult({ resultIndex: 0, results: [Object.assign([{ transcript }], { isFinal: true })] }), text)
  await hears(' the seam is crooked ')
  await hears('near the collar')
  await expect(page.getByRole('textbox', { name: 'Note' })).toHaveValue('the seam is crooked near the collar')
  await page.evaluate(() => (globalThis.listening.onerror({ error: 'not-allowed' }), globalThis.listening.onend()))
  await expect(page.getByRole('button', { name: 'Speak' })).toBeVisible()
  await expect(page.getByRole('textbox', { name: 'Note' })).toHaveAttribute('aria-invalid', 'true')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await phone.allSent()
  await expect.poll(() => floor.told(floor.items[0])).toContain('note.added')
})
