import { bn } from '../../server/web/src/words/bn.ts'
import { en } from '../../server/web/src/words/en.ts'
import { es } from '../../server/web/src/words/es.ts'
import { NAMES } from '../../server/web/src/words/languages.ts'
import { pt } from '../../server/web/src/words/pt.ts'
import { vi } from '../../server/web/src/words/vi.ts'
import { enrolment } from './floor.js'
import { WORKER } from './server.js'
import { isFine, open } from './sights.js'
import { expect, test } from './stage.js'

const NARROW = { width: 320, height: 640 }

const PLACES = ['scan', 'queue', 'items', 'unsent', 'more', 'settings', 'shift', 'journal', 'hand-over', 'worker']

/** Every step of one item, so that each kind of action is looked at. */
const STEPS = { cut: ['scan', 'length'], check: ['picture', 'look', 'sheet', 'word', 'name'] }

for (const colorScheme of ['light', 'dark']) {
  test(`every main screen is whole at 320 pixels and good to read by every sense, ${colorScheme}`, async ({ floor, phones }) => {
    const [item, other] = floor.items
    const phone = await phones.untouched({ looks: { viewport: NARROW, colorScheme } })
    const { page } = phone
    await expect(page.getByRole('heading', { name: 'Add this phone' })).toBeVisible()
    await isFine(page, 'add this phone')
    await phone.enrol(floor)
    await expect(page.getByRole('heading', { name: 'Who is working?' })).toBeVisible()
    await isFine(page, 'sign in')
    await phone.signIn()
    await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme)

    await phone.wedge(`item:${item.id}`)
    await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
    await isFine(page, 'a scan that counts')
    for (const place of PLACES) {
      await open(page, place)
      await isFine(page, place)
    }
    for (const step of STEPS.cut) {
      await open(page, 'item', other.id, 'do', `cut.${step}`)
      await isFine(page, step)
    }
    await open(page, 'item', item.id)
    await expect(page.getByRole('heading', { name: 'CAP-0001' })).toBeVisible()
    await isFine(page, 'an item')
    await phone.measure('10.1')
    await phone.next('Send on to Checking')
    for (const step of STEPS.check) {
      await open(page, 'item', item.id, 'do', `check.${step}`)
      await isFine(page, step)
    }

    await phone.go('Scan')
    await phone.offline()
    await phone.wedge(`item:${other.id}`)
    await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
    await phone.go('Unsent')
    await expect(page.getByText('1 unsent').first()).toBeVisible()
    await isFine(page, 'unsent work')
    await floor.admin.post(`/v1/items/${other.id}/scrap`, { reason: 'torn' })
    await phone.online()
    await expect(page.getByRole('alertdialog')).toBeVisible({ timeout: 40_000 })
    await isFine(page, 'a stop alert')
  })
}

/** Tabs until the control of this name has the focus. */
async function tabTo(page, role, name) {
  const wanted = page.getByRole(role, { name, exact: true }).first()
  for (let press = 0; press < 80; press += 1) {
    await page.keyboard.press('Tab')
    if (await wanted.evaluate((control) => control === document.activeElement)) return
  }
  throw new Error(`“${name}” cannot be reached with Tab`)
}

test('a worker without a touch screen signs in, scans and finishes a step with Tab, Enter and a hand scanner', async ({ floor, phones }) => {
  const [item] = floor.items
  const phone = await phones.untouched()
  const { page } = phone
  const { code, approve } = await enrolment(floor)
  await tabTo(page, 'textbox', 'Code from the screen')
  await page.keyboard.type(code)
  await page.keyboard.press('Enter')
  const digits = page.locator('.digits')
  await expect(digits).toContainText(/\d{3}\s*\d{3}/)
  await tabTo(page, 'button', 'They approved it')
  await approve((await digits.innerText()).replace(/\D/g, ''))
  // A phone that has asked by itself meanwhile has nothing left to press.
  await page.keyboard.press('Enter')

  await expect(page.getByRole('heading', { name: 'Who is working?' })).toBeVisible()
  await tabTo(page, 'textbox', 'Email')
  await page.keyboard.insertText(WORKER.email)
  await page.keyboard.press('Tab')
  await page.keyboard.insertText(WORKER.password)
  await page.keyboard.press('Enter')
  await expect(page.getByText('Live')).toBeVisible()
  await tabTo(page, 'link', 'Items')
  await page.keyboard.press('Enter')
  await expect(page.getByText('5 items')).toBeVisible()

  await phone.wedge(`item:${item.id}`)
  await expect(page.getByText('Counts for: Scan the cap')).toBeVisible()
  await tabTo(page, 'link', 'Length')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { name: 'Length', level: 1 })).toBeVisible()
  await tabTo(page, 'textbox', 'length')
  await page.keyboard.insertText('10.1')
  await tabTo(page, 'button', 'Save')
  await page.keyboard.press('Enter')
  await phone.allSent()
  await expect.poll(() => floor.told(item)).toEqual(['item.created', 'item.started', 'action.completed', 'action.completed'])
})

test('a screen reader hears what the main controls do and how the work stands', async ({ phone }) => {
  const { page } = phone
  await expect(page.getByRole('navigation')).toMatchAriaSnapshot(`
    - navigation "Main menu":
      - link "Scan"
      - link "Queue"
      - link "Items"
      - link "Unsent"
      - link "More"
  `)
  await expect(page.getByRole('region', { name: 'How your work stands' })).toMatchAriaSnapshot(`
    - region "How your work stands":
      - link "Live"
      - link "All sent"
  `)
  await expect(page.getByRole('main')).toMatchAriaSnapshot(`
    - main:
      - heading "Scan" [level=1]
      - button "Start the camera"
      - button "Type a code"
      - button "Many in a row"
  `)
})

const CATALOGUES = { en, es, pt, vi, bn }
/** What the floor itself says, in whatever language its people speak. */
const OF_THE_FLOOR = new Set(['Scan the cap', 'Length', 'Front', 'Stitching', 'Data sheet', 'Remark', 'Signature', 'Cutting', 'Checking'])

/** Everything that is seen or read aloud. */
function saidOn(page) {
  return page.evaluate(() => {
    const said = []
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walk.nextNode()) if (walk.currentNode.parentElement.checkVisibility()) said.push(walk.currentNode.data.trim())
    for (const named of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
      for (const name of ['aria-label', 'placeholder', 'title']) if (named.hasAttribute(name)) said.push(named.getAttribute(name))
    }
    return said.filter(Boolean)
  })
}

test('each language speaks on every main screen, and none falls back', async ({ floor, phone }) => {
  const { page } = phone
  await phone.wedge(`item:${floor.items[0].id}`)
  await phone.allSent()
  for (const [language, catalogue] of Object.entries(CATALOGUES)) {
    await open(page, 'settings')
    await page.getByRole('radio', { name: NAMES[language] }).check({ force: true })
    await expect(page.locator('html')).toHaveAttribute('lang', language)
    await expect(page.getByRole('heading', { name: catalogue['settings.title'], level: 1 })).toBeVisible()
    const foreign = new Set(Object.entries(en).filter(([key, text]) => typeof text === 'string' && text !== catalogue[key] && !OF_THE_FLOOR.has(text)).map(([, text]) => text))
    const screens = [...PLACES.map((place) => [place]), ['item', floor.items[0].id], ['item', floor.items[1].id, 'do', 'cut.length'], ['item', floor.items[1].id, 'do', 'cut.scan']]
    for (const path of screens) {
      await open(page, ...path)
      const said = await saidOn(page)
      expect.soft(said.filter((text) => foreign.has(text)), `English in ${language} on ${path[0]}`).toEqual([])
      expect.soft(said.filter((text) => /\{\w+\}|undefined|\b[a-z]+\.[a-z]+\.[a-z]+\b/.test(text)), `a gap in ${language} on ${path[0]}`).toEqual([])
    }
  }
})
