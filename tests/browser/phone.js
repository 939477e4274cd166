/** A phone: a browser with a folder of its own, so that it can be killed and opened again as it was. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, expect as plain } from '@playwright/test'

import { enrolment } from './floor.js'
import { WORKER } from './server.js'

/** As patient without Playwright's settings as with them: the bench has none. */
const expect = plain.configure({ timeout: 20_000 })

/** The keys of a hand scanner's ends. */
const ENDS = {
  Enter: { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  Tab: { key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 },
}

export const CHROMIUM = '/usr/bin/chromium'
export const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

function cameraOf(camera) {
  const fake = '--use-fake-device-for-media-stream'
  if (camera === 'missing') return ['--use-fake-ui-for-media-stream']
  if (camera === 'refused') return ['--use-fake-ui-for-media-stream=deny', fake]
  return ['--use-fake-ui-for-media-stream', fake, ...(camera === null ? [] : [`--use-file-for-fake-video-capture=${camera}`])]
}

/** Chromium itself ends with a segmentation fault once in some hundreds of starts, before it has opened anything: that is no fault of the app's. */
async function launched(folder, options) {
  for (let starts = 3; ; starts--) {
    try {
      return await chromium.launchPersistentContext(folder, options)
    } catch (fault) {
      if (starts === 1 || !String(fault).includes('signal=SIGSEGV')) throw fault
    }
  }
}

export class Phone {
  /** A phone that nobody has touched. `camera`: a file of frames that its camera sees, `'refused'` or `'missing'`; `looks`: what the browser is told besides. */
  static async open(server, { camera = null, looks = {} } = {}) {
    const phone = new Phone(server, mkdtempSync(join(tmpdir(), 'floorline-phone-')), camera, looks)
    await phone.start()
    return phone
  }

  /** One that was added to the floor, with the worker signed in, or the one that `person` says. */
  static async atWork(floor, options) {
    const phone = await Phone.open(floor.server, options)
    await phone.enrol(floor)
    await phone.signIn(options?.person)
    return phone
  }

  constructor(server, folder, camera, looks) {
    this.server = server
    this.folder = folder
    this.camera = camera
    this.looks = looks
    this.errors = []
  }

  /**
   * Opens the browser with what its folder holds; `network` false: where there is none; `spare`: bytes that are left for the app;
   * `script`: what runs in the page before its own.
   */
  async start({ network = true, spare = null, script = null } = {}) {
    this.context = await launched(this.folder, {
      executablePath: CHROMIUM,
      args: [...QUIET, ...cameraOf(this.camera)],
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
      locale: 'en-GB',
      permissions: this.camera === 'refused' ? [] : ['camera'],
      ...this.looks,
    })
    this.context.setDefaultTimeout(20_000)
    this.page = this.context.pages()[0] ?? (await this.context.newPage())
    this.page.on('pageerror', (error) => this.errors.push(error.message))
    if (spare !== null) await this.leave(spare)
    await this.context.setOffline(!network)
    if (script !== null) await this.context.addInitScript(script)
    await this.page.goto(this.server.url + '/app/')
  }

  /** Everything that the app needs without a network is on the phone. */
  async installed() {
    await this.page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  }

  /** Of the phone's storage so many bytes are left for the app; null: enough. */
  async leave(spare) {
    this.storage ??= await this.context.newCDPSession(this.page)
    const origin = this.server.url
    const { usage } = await this.storage.send('Storage.getUsageAndQuota', { origin })
    await this.storage.send('Storage.overrideQuotaForOrigin', spare === null ? { origin } : { origin, quotaSize: usage + spare })
  }

  /** The browser's process is gone from one moment to the next. */
  async kill() {
    const gone = new Promise((over) => this.context.once('close', over))
    const session = await this.context.newCDPSession(this.page)
    session.send('Browser.crash').catch(() => undefined)
    await gone
  }

  async close() {
    await this.context.close()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }

  async enrol(floor) {
    const { code, approve } = await enrolment(floor)
    await this.page.getByLabel('Code from the screen').fill(code)
    await this.page.getByRole('button', { name: 'Add this phone' }).click()
    const shown = this.page.locator('.digits')
    await expect(shown).toContainText(/\d{3}\s*\d{3}/)
    this.device = await approve((await shown.innerText()).replace(/\D/g, ''))
    await this.approved()
  }

  /** Was approved, and learns of it: the phone asks now and then by itself too, and then there is nothing left to press. */
  async approved() {
    const signIn = this.page.getByRole('heading', { name: 'Who is working?' })
    await this.page.getByRole('button', { name: 'They approved it' }).or(signIn).click()
    await expect(signIn).toBeVisible()
  }

  async entersPassword(person = WORKER) {
    await this.page.getByRole('textbox', { name: 'Email' }).fill(person.email)
    await this.page.getByLabel('Password', { exact: true }).fill(person.password)
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click()
  }

  async signIn(person = WORKER) {
    await this.entersPassword(person)
    await expect(this.page.getByText('Live')).toBeVisible()
    // A scan before the floor is there is kept as a scan, and counts for no step.
    await this.go('Items')
    await expect(this.page.getByText(/^[\d,]+ items?$/)).toBeVisible()
    await this.go('Scan')
  }

  /** Out of reach of any network, with everything on the phone that the app needs then. */
  async offline() {
    await this.installed()
    await this.context.setOffline(true)
    await expect(this.page.getByRole('region', { name: 'How your work stands' }).getByRole('link', { name: 'No network' })).toBeVisible()
  }

  async online() {
    await this.context.setOffline(false)
  }

  /** To one of the places at the foot of the screen. */
  async go(place) {
    await this.page.getByRole('navigation').getByText(place, { exact: true }).click()
  }

  /** An action of the item that is open. */
  async openAction(label) {
    await this.page.getByRole('main').getByRole('link', { name: label }).first().click()
    await expect(this.page.getByRole('heading', { name: label, level: 1 })).toBeVisible()
  }

  async save() {
    await this.page.getByRole('button', { name: 'Save', exact: true }).click()
  }

  /** Saves a step, and is back at its item. */
  async savedStep(label) {
    await this.save()
    await expect(this.page.getByRole('heading', { name: label, level: 1 })).toHaveCount(0)
  }

  /** A signature, with the mouse, over the open sheet. */
  async draw() {
    const { x, y, width, height } = await this.page.locator('canvas').boundingBox()
    const { mouse } = this.page
    await mouse.move(x + width * 0.2, y + height * 0.7)
    await mouse.down()
    await mouse.move(x + width * 0.4, y + height * 0.2, { steps: 6 })
    await mouse.move(x + width * 0.8, y + height * 0.6, { steps: 6 })
    await mouse.up()
  }

  /** The one large button says what comes next; it is pressed. */
  async next(label) {
    await this.page.getByRole('button', { name: label }).or(this.page.getByRole('link', { name: label })).last().click()
  }

  async measure(value) {
    await this.openAction('Length')
    await this.page.getByRole('textbox', { name: 'length' }).fill(value)
    await this.savedStep('Length')
  }

  /** An item's first stage is done, and the photo of its second is asked for. */
  async goToPhoto(item) {
    await this.wedge(`item:${item.id}`)
    await this.openItem(item.code)
    await this.measure('10.1')
    await this.next('Send on to Checking')
    await this.openAction('Front')
  }

  async openItem(code) {
    await this.go('Items')
    await this.page.getByText(code, { exact: true }).last().click()
    await expect(this.page.getByRole('heading', { name: code })).toBeVisible()
  }

  /** What a hand scanner types: fast, and then its end. The pieces of a code each have their end, or come `pause` milliseconds apart; so much as `apart` between two keys. */
  async wedge(text, { end = 'Enter', apart = 3, pause = 0 } = {}) {
    const pieces = [text].flat()
    const session = await this.keyboard()
    // The times are the scanner's own, however busy this machine is.
    let time = Date.now()
    const sent = []
    const press = (key) => {
      const timestamp = (time += apart) / 1_000
      sent.push(session.send('Input.dispatchKeyEvent', { type: key.text === undefined ? 'rawKeyDown' : 'keyDown', timestamp, ...key }))
      sent.push(session.send('Input.dispatchKeyEvent', { type: 'keyUp', timestamp, ...key, text: undefined }))
    }
    for (const piece of pieces) {
      for (const letter of piece) press({ key: letter, text: letter })
      if (pause === 0 || piece === pieces.at(-1)) press(ENDS[end])
      time += pause
    }
    await Promise.all(sent)
  }

  /** One session a page, kept: one that ends takes the page's being offline with it. */
  async keyboard() {
    if (this.keys?.page !== this.page) this.keys = { page: this.page, session: await this.context.newCDPSession(this.page) }
    return this.keys.session
  }

  /** Many acts at once, by the app's own worker: no hand is that fast. The page has to be loaded again afterwards. */
  async actOften(acts) {
    await this.page.evaluate(async (acts) => {
      const [cache] = await caches.keys()
      const files = await (await caches.open(cache)).keys()
      const script = files.map(({ url }) => url).find((url) => /\/worker-[^/]+\.js$/.test(url))
      const worker = new Worker(script, { type: 'module' })
      const waiting = new Map()
      worker.onmessage = ({ data }) => {
        if (data.said === 'answer') waiting.get(data.id).resolve(data.answer)
        if (data.said === 'error') waiting.get(data.id).reject(new Error(data.error.message))
      }
      const call = (name, ...args) =>
        new Promise((resolve, reject) => {
          const id = waiting.size
          waiting.set(id, { resolve, reject })
          worker.postMessage({ id, name, args })
        })
      await call('open', true)
      await Promise.all(acts.map((act) => call('act', act)))
      await call('close')
      worker.terminate()
    }, acts)
  }

  async allSent() {
    await expect(this.page.getByText('All sent')).toBeVisible({ timeout: 40_000 })
  }
}
