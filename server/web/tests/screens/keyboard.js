/** What people do without touching the screen. Each walk uses keys alone. */

import { scan } from './hand_scanner.js'

const CHECKED = 'a walk ended elsewhere: '

async function expectText(page, text) {
  await page.getByText(text).first().waitFor({ timeout: 20_000 }).catch(() => {
    throw new Error(`${CHECKED}“${text}” is not there`)
  })
}

/** Tabs until a control of this name has the focus. */
async function tabTo(page, name) {
  for (let press = 0; press < 60; press++) {
    await page.keyboard.press('Tab')
    const here = await page.evaluate(() => {
      const control = document.activeElement
      if (!control?.matches('a, button, input, select, textarea')) return ''
      const label = control?.closest('label') ?? (control?.id ? document.querySelector(`label[for="${control.id}"]`) : null)
      return `${control?.getAttribute('aria-label') ?? ''} ${control?.textContent ?? ''} ${label?.textContent ?? ''}`
    })
    if (here.includes(name)) return
  }
  throw new Error(`${CHECKED}“${name}” cannot be reached with Tab`)
}

async function start(page, stage, hash, how) {
  await page.goto('about:blank')
  await page.goto(stage.address(hash, how))
  await page.waitForSelector('h1')
  await page.waitForTimeout(150)
}

export const KEYBOARD = {
  async 'a measurement is entered, and what is out of limits is said first'(page, stage) {
    await start(page, stage, 'item/i-8/do/cut.width')
    await tabTo(page, 'Width')
    await page.keyboard.type('409', { delay: 90 })
    await expectText(page, 'is below 410.5')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('412', { delay: 90 })
    await tabTo(page, 'Length')
    await page.keyboard.type('695,5', { delay: 90 })
    await tabTo(page, 'Save')
    await page.keyboard.press('Enter')
    await expectText(page, 'Saved on this phone')
  },

  async 'a gauge types its values, one after the other'(page, stage) {
    await start(page, stage, 'item/i-8/do/cut.width')
    await tabTo(page, 'Width')
    await scan(page, '412.1')
    await scan(page, '695')
    const values = await page.$$eval('input', (inputs) => inputs.map(({ value }) => value))
    if (values.join() !== '412.1,695') throw new Error(`${CHECKED}the fields hold ${values.join()}`)
  },

  async 'an inspection is answered point by point'(page, stage) {
    await start(page, stage, 'item/i-6/do/inspect.points')
    for (let point = 0; point < 5; point++) {
      await tabTo(page, 'OK')
      await page.keyboard.press('Space')
    }
    await tabTo(page, 'Save')
    await page.keyboard.press('Enter')
    await expectText(page, 'Saved on this phone')
  },

  async 'a name is typed instead of a signature'(page, stage) {
    await start(page, stage, 'item/i-6/do/inspect.sign')
    await tabTo(page, 'type your name')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('Ana R', { delay: 90 })
    await tabTo(page, 'Save')
    await page.keyboard.press('Enter')
    await expectText(page, 'Saved on this phone')
  },

  async 'a problem is flagged with a reason'(page, stage) {
    await start(page, stage, 'item/i-5')
    await tabTo(page, 'Other things')
    await page.keyboard.press('Enter')
    await tabTo(page, 'Flag a problem')
    await page.keyboard.press('Enter')
    await tabTo(page, 'Why?')
    await page.keyboard.type('Torn', { delay: 90 })
    await tabTo(page, 'Flag a problem')
    await page.keyboard.press('Enter')
    await expectText(page, 'Saved on this phone')
  },

  async 'the arrow keys go from part to part'(page, stage) {
    await start(page, stage, 'item/i-3')
    await page.keyboard.press('ArrowRight')
    await expectText(page, 'Part 2 of 2')
    await page.keyboard.press('ArrowLeft')
    await expectText(page, 'Part 1 of 2')
  },

  async 'a hand scanner opens the scan screen from anywhere'(page, stage) {
    await start(page, stage, 'settings')
    await scan(page, 'item:i-5')
    await expectText(page, 'JKT-AURORA-M-0005')
  },

  async 'the same code at once says who scanned it'(page, stage) {
    await start(page, stage, 'scan')
    await scan(page, 'item:i-6')
    await expectText(page, 'Scan kept')
    await page.waitForTimeout(300)
    await scan(page, 'item:i-6')
    await expectText(page, 'Same code: you scanned it')
  },
}
