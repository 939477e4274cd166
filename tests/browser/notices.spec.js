import { expect, test } from '@playwright/test'

import { makeFloor } from './floor.js'
import { Phone } from './phone.js'
import { PushService } from './push_service.js'
import { Server } from './server.js'

let server
let floor
let pushService

test.beforeEach(async () => {
  pushService = await PushService.start()
  server = await Server.start({ FLOORLINE_PUSH_LOOPBACK: 'true' })
  floor = await makeFloor(server)
})

test.afterEach(async () => {
  await server.stop()
  await pushService.stop()
})

/** The browser of a test reaches no push service: it answers as if ours were its own. */
async function subscribesAt(phone, subscription) {
  await phone.context.grantPermissions(['notifications', 'camera'], { origin: server.url })
  await phone.page.evaluate(({ endpoint, keys }) => {
    let kept = null
    PushManager.prototype.getSubscription = async () => kept
    PushManager.prototype.subscribe = async (options) => {
      const bytes = Uint8Array.from(atob(options.applicationServerKey.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
      kept = { endpoint, options: { applicationServerKey: bytes.buffer }, toJSON: () => ({ endpoint, keys }), unsubscribe: async () => ((kept = null), true) }
      return kept
    }
  }, subscription)
}

/** Hands a message to the app's service worker, as the browser does with one that came. */
async function delivers(phone, data) {
  const session = await phone.context.newCDPSession(phone.page)
  const registration = new Promise((found) =>
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => registrations.length > 0 && found(registrations[0].registrationId)),
  )
  await session.send('ServiceWorker.enable')
  await session.send('ServiceWorker.deliverPushMessage', { origin: server.url, registrationId: await registration, data })
}

/**
 * What the app's service worker has the browser show from now on. The browser itself is not asked: on a machine without a desktop it loses
 * some of what it was to show.
 */
async function showings(phone) {
  const [worker] = phone.context.serviceWorkers()
  await worker.evaluate(() => {
    self.shown = []
    const { registration } = self
    const show = registration.showNotification.bind(registration)
    registration.showNotification = (title, { body, lang, data, ...rest }) => {
      self.shown.push({ title, body, lang, data })
      return show(title, { body, lang, data, ...rest })
    }
  })
  return () => worker.evaluate(() => self.shown)
}

test('a worker asks to be told, is given an item, and the phone says so in their language', async () => {
  const phone = await Phone.atWork(floor)
  const { page } = phone
  await phone.installed()
  await subscribesAt(phone, pushService.subscription())
  await phone.go('More')
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('radio', { name: 'Español' }).check({ force: true })
  await page.getByRole('link', { name: 'Atrás' }).click()
  await page.getByRole('link', { name: 'Avisos' }).click()
  const told = page.getByRole('switch', { name: 'Avisarme en este teléfono' })
  await told.check({ force: true })
  await expect(told).not.toHaveAttribute('aria-busy')
  await expect(told).toBeChecked()

  const [item] = floor.items
  await floor.admin.post(`/v1/items/${item.id}/assign`, { user_id: floor.worker.id })
  await expect.poll(() => pushService.messages.length).toBe(1)
  const [message] = pushService.messages
  expect(message.headers['content-encoding']).toBe('aes128gcm')
  expect(message.headers.authorization).toMatch(/^vapid t=.+, ?k=.+/)

  const shown = await showings(phone)
  await delivers(phone, pushService.opened(message))
  await expect.poll(shown).toEqual([{ title: 'Tienes trabajo nuevo', body: '', lang: 'es', data: `#/item/${item.id}` }])
  expect(phone.errors).toEqual([])
  await phone.close()
})

test('a notice that nobody understands still says that there is something', async () => {
  const phone = await Phone.atWork(floor)
  await phone.installed()
  await phone.context.grantPermissions(['notifications'], { origin: server.url })
  const shown = await showings(phone)
  await delivers(phone, 'torn {')
  await expect.poll(shown).toEqual([{ title: 'Floorline', body: '', lang: 'en', data: '#/queue' }])
  await phone.close()
})

test('quiet hours are kept by the server, and no notices are asked for where the browser refuses them', async () => {
  const phone = await Phone.atWork(floor)
  const { page } = phone
  await phone.go('More')
  await page.getByRole('link', { name: 'Notices' }).click()
  await expect(page.getByRole('switch', { name: 'Quiet hours' })).toBeEnabled()
  await page.getByRole('switch', { name: 'Quiet hours' }).check({ force: true })
  await page.getByLabel('Until').fill('05:30')
  const ana = await server.as({ email: 'ana@mill.example', password: 'another long, quiet sentence' })
  await expect.poll(async () => (await ana.get('/v1/me/quiet_hours')).quiet_hours).toMatchObject({ start: '22:00', end: '05:30' })

  await page.evaluate(() => (Notification.requestPermission = async () => 'denied'))
  await page.getByRole('switch', { name: 'Tell me on this phone' }).click({ force: true })
  await expect(page.getByText('This browser blocks notices of Floorline.')).toBeVisible()
  await expect(page.getByRole('switch', { name: 'Tell me on this phone' })).not.toBeChecked()
  expect(phone.errors).toEqual([])
  await phone.close()
})
