/** The app as different people like it: each look is whole at 320 pixels and has no serious finding. */

import { isFine, open } from './sights.js'
import { expect, test } from './stage.js'

const LOOKS = {
  'the largest text, for the left hand': { likes: { text: 3, hand: 'left' } },
  'high contrast, light': { likes: { contrast: true, theme: 'light' } },
  'high contrast, dark': { likes: { contrast: true, theme: 'dark' } },
  'read from the right, largest': { likes: { text: 3 }, dir: 'rtl' },
  'Vietnamese, largest': { likes: { language: 'vi', text: 3 } },
  'Bengali, largest': { likes: { language: 'bn', text: 3 } },
}

const PLACES = ['scan', 'queue', 'items', 'unsent', 'more', 'settings', 'shift', 'journal', 'hand-over', 'worker', 'notices']

for (const [name, { likes, dir = 'ltr' }] of Object.entries(LOOKS)) {
  test(`every main screen is whole and good to read: ${name}`, async ({ floor, phones }) => {
    const [here, further] = floor.items
    const phone = await phones.atWork({ looks: { viewport: { width: 320, height: 640 } } })
    const { page } = phone
    await phone.wedge(`item:${further.id}`)
    await phone.openItem(further.code)
    await phone.measure('10.1')
    await phone.next('Send on to Checking')
    await expect(page.getByRole('main').getByRole('link', { name: 'Front' }).first()).toBeVisible()
    await phone.allSent()
    await page.evaluate((likes) => localStorage.setItem('floorline.likes', JSON.stringify(likes)), likes)
    await page.reload()
    const html = page.locator('html')
    await expect(html).toHaveAttribute('lang', likes.language ?? 'en')
    await expect(page.getByRole('navigation')).toBeVisible()
    // None of our languages is read from the right yet.
    if (dir === 'rtl') await html.evaluate((html) => (html.dir = 'rtl'))

    const screens = [
      ...PLACES.map((place) => [place]),
      ['item', here.id],
      ['item', further.id],
      ...['scan', 'length'].map((step) => ['item', here.id, 'do', `cut.${step}`]),
      ...['picture', 'look', 'sheet', 'word', 'name'].map((step) => ['item', further.id, 'do', `check.${step}`]),
    ]
    for (const path of screens) {
      await open(page, ...path)
      await isFine(page, path.filter((part) => part !== here.id && part !== further.id).join(' '))
    }
    await expect(html).toHaveAttribute('dir', dir)
    await expect(html).toHaveAttribute('data-text', String(likes.text ?? 1))
    await expect(html).toHaveAttribute('data-contrast', likes.contrast ? 'high' : 'normal')
    await expect(html).toHaveAttribute('data-hand', likes.hand ?? 'right')

    await open(page, 'scan')
    await phone.wedge(`item:${here.id}`)
    await expect(page.getByRole('main').getByRole('article')).toBeVisible()
    await isFine(page, 'a scan that counts')
  })
}
