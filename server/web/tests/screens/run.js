/**
 * `node tests/screens/run.js [part of a name]`
 *
 * Every screen in Chromium over the invented floor: nothing serious for axe-core, nothing wider than a 320-pixel screen, every key pressed
 * that a person without a touch screen needs, and a list of a thousand that draws what is seen.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import { openStage, SCREENS, show } from './browser.js'
import { KEYBOARD } from './keyboard.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** A list draws what is seen, and a little around it, however long it is. */
const MOST_ROWS = 60

const [wanted = ''] = process.argv.slice(2)
const faults = []
const told = (screen, what) => faults.push(`${screen}: ${what}`)

async function lookAt(page, screen) {
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
  for (const { id, impact, nodes } of violations) {
    if (impact === 'serious' || impact === 'critical') told(screen, `${id} at ${nodes.map(({ target }) => target.join(' ')).slice(0, 3).join(', ')}`)
  }
  const beyond = await page.evaluate(() => {
    const wide = document.documentElement.scrollWidth > innerWidth
    const cut = [...document.querySelectorAll('[data-scrolls], main')].filter((box) => box.scrollWidth > box.clientWidth + 1)
    return wide || cut.length > 0
  })
  if (beyond) told(screen, 'wider than the screen')
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('button, a[href], input, select, textarea')]
      .filter((control) => control.checkVisibility() && !control.closest('.skip'))
      .map((control) => ({ control, box: (control.closest('label') ?? control).getBoundingClientRect() }))
      .filter(({ box }) => box.width > 2 && (box.height < 47.5 || box.width < 44))
      .map(({ control, box }) => `${control.tagName.toLowerCase()} “${(control.getAttribute('aria-label') ?? control.textContent ?? '').trim().slice(0, 24)}” ${Math.round(box.width)}×${Math.round(box.height)}`),
  )
  for (const one of small) told(screen, `too small to touch: ${one}`)
}

const stage = await openStage()
try {
  for (const theme of ['light', 'dark']) {
    const context = await stage.browser.newContext({ viewport: { width: 320, height: 640 }, colorScheme: theme, permissions: ['camera'] })
    await context.addInitScript(axe)
    const page = await context.newPage()
    page.on('pageerror', (fault) => told('a page', fault.message))
    for (const screen of SCREENS.filter(({ name }) => name.includes(wanted))) {
      try {
        await show(page, stage, screen)
        await lookAt(page, `${screen.name}, ${theme}`)
      } catch (fault) {
        told(screen.name, fault.message.split('\n')[0])
      }
    }
    await context.close()
  }

  const context = await stage.browser.newContext({ viewport: { width: 360, height: 780 } })
  const page = await context.newPage()
  for (const [name, walk] of Object.entries(KEYBOARD).filter(([name]) => name.includes(wanted))) {
    try {
      await walk(page, stage)
    } catch (fault) {
      told(name, fault.message.split('\n')[0])
    }
  }

  await page.goto('about:blank')
  await page.goto(stage.address('more', 'many'))
  await page.waitForSelector('h1')
  const opened = await page.evaluate(async () => {
    const from = performance.now()
    location.hash = '#/items'
    while (document.querySelectorAll('[aria-posinset]').length === 0) await new Promise(requestAnimationFrame)
    const { length } = document.querySelectorAll('[aria-posinset]')
    return { ms: Math.round(performance.now() - from), rows: length }
  })
  console.log(`a list of 1,000 items opened in ${opened.ms} ms, ${opened.rows} rows drawn`)
  if (opened.rows > MOST_ROWS) told('items', `${opened.rows} rows of 1,000 were drawn`)
} finally {
  await stage.close()
}

for (const fault of faults) console.log(fault)
console.log(`${SCREENS.length} screens, light and dark; ${Object.keys(KEYBOARD).length} walks by keyboard; ${faults.length} faults`)
process.exitCode = faults.length > 0 ? 1 : 0
