/** Takes a picture of every screen: `node tests/screens/pictures.js <folder> [width x height] [light|dark] [screen …]`. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { openStage, SCREENS, show } from './browser.js'

const [folder = 'pictures', extent = '360x780', theme = 'light', ...wanted] = process.argv.slice(2)
const [width = 360, height = 780] = extent.split('x').map(Number)
const likes = JSON.parse(process.env.LIKES ?? '{}')
mkdirSync(folder, { recursive: true })

const stage = await openStage()
try {
  const context = await stage.browser.newContext({ viewport: { width, height }, deviceScaleFactor: 1, colorScheme: theme, permissions: ['camera'] })
  await context.addInitScript((likes) => location.protocol !== 'about:' && localStorage.setItem('floorline.likes', JSON.stringify(likes)), likes)
  const page = await context.newPage()
  page.on('pageerror', (fault) => console.log('fault:', fault.message))
  page.on('console', (message) => message.type() === 'error' && console.log('console:', message.text()))
  for (const screen of SCREENS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    try {
      await show(page, stage, screen)
      await page.screenshot({ path: join(folder, `${screen.name}.png`) })
    } catch (fault) {
      console.log('not shown:', screen.name, fault.message.split('\n')[0])
    }
  }
} finally {
  await stage.close()
}
