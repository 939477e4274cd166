/** Whether a screen is good to read by every sense: what axe-core and a narrow phone say of it. */

import AxeBuilder from '@axe-core/playwright'
import { expect } from '@playwright/test'

/** Nothing serious for axe-core, which opens no page of its own (that would end an offline phone being offline), and nothing wider than the screen. */
export async function isFine(page, screen) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect.soft(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`), screen).toEqual([])
  const beyond = await page.evaluate((width) => {
    const boxes = [document.documentElement, ...document.querySelectorAll('main, dialog, [data-scrolls]')]
    return boxes.filter((box) => box.scrollWidth > Math.max(width, box === document.documentElement ? 0 : box.clientWidth)).map((box) => `${box.localName} ${box.scrollWidth}`)
  }, page.viewportSize().width)
  expect.soft(beyond, `${screen} is wider than the screen`).toEqual([])
}

/** Goes to a screen by its address, and waits until it is drawn. */
export async function open(page, ...path) {
  await page.evaluate(
    (hash) =>
      new Promise((drawn) => {
        if (location.hash === hash) return drawn()
        addEventListener('hashchange', () => requestAnimationFrame(() => requestAnimationFrame(drawn)), { once: true })
        location.hash = hash
      }),
    `#/${path.map(encodeURIComponent).join('/')}`,
  )
  await expect(page.locator('main h1')).toBeAttached()
}
