import { drawn } from './picture.js'
import { expect, test } from './stage.js'

const MANY = 5_000

/** Everything that the server tells of an item, over all pages. */
async function notesOf(floor, item) {
  const texts = []
  for (let next = ''; next !== null; ) {
    const page = await floor.admin.get(`/v1/items/${item.id}/events?limit=200${next}`)
    texts.push(...page.data.filter((event) => event.kind === 'note.added').map((event) => event.data.text))
    next = page.next_cursor ? `&cursor=${page.next_cursor}` : null
  }
  return texts
}

test('a new version of the app takes over a phone with 5,000 unsent acts, and the server has each once', async ({ floor, phone, way }) => {
  const { page } = phone
  await phone.installed()
  await phone.offline()
  const acts = Array.from({ length: MANY }, (_, number) => ({ op: 'note.add', item_id: floor.items[number % floor.items.length].id, data: { text: `note ${number}` } }))
  await phone.actOften(acts)
  way.stand((asked) => (asked.url.startsWith('/v1/') ? 'busy' : null))
  await phone.online()
  await page.reload()
  await expect(page.getByText('5,000 unsent')).toBeVisible()

  await way.anotherVersion()
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update())
  await expect(page.getByText('A new version is here. Your unsent work stays.')).toBeVisible()
  await page.getByRole('button', { name: 'Load it' }).click()
  await expect(page.locator('html[data-version=another]')).toHaveCount(1)
  await expect(page.getByText('5,000 unsent')).toBeVisible()

  way.clear()
  await phone.offline()
  await phone.online()
  await expect(page.getByText('All sent')).toBeVisible({ timeout: 120_000 })
  const told = (await Promise.all(floor.items.map((item) => notesOf(floor, item)))).flat()
  expect(told.sort()).toEqual(acts.map((act) => act.data.text).sort())
})

/** What is kept lies in the database as the app's first versions made it: without an index of its files. */
function madeByFirstVersion(page) {
  return page.evaluate(async () => {
    const NAME = 'floorline-outbox'
    const answer = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }))
    const now = await answer(indexedDB.open(NAME))
    const kept = now.transaction([...now.objectStoreNames])
    const stores = []
    for (const name of now.objectStoreNames) {
      const store = kept.objectStore(name)
      stores.push({ name, keyPath: store.keyPath, keys: await answer(store.getAllKeys()), values: await answer(store.getAll()) })
    }
    now.close()
    await answer(indexedDB.deleteDatabase(NAME))
    const made = indexedDB.open(NAME, 1)
    made.onupgradeneeded = () => {
      for (const { name, keyPath, keys, values } of stores) {
        const store = made.result.createObjectStore(name, { keyPath })
        for (const [at, value] of values.entries()) store.put(value, ...(keyPath === null ? [keys[at]] : []))
      }
    }
    const before = await answer(made)
    before.close()
  })
}

test('a photo that waits on a phone of the app’s first version is counted by this one, and goes up', async ({ floor, phone, way }) => {
  const { page } = phone
  const [item] = floor.items
  way.stand((asked) => (asked.url.startsWith('/v1/uploads') ? 'busy' : null))
  await phone.goToPhoto(item)
  await page.getByRole('button', { name: 'Take photo' }).click()
  await phone.savedStep('Front')
  await expect(page.getByText('1 photo waiting')).toBeVisible()
  await page.goto(`${floor.server.url}/v1/nothing`)
  await madeByFirstVersion(page)
  await page.goto(`${floor.server.url}/app/`)
  await expect(page.getByText('1 photo waiting')).toBeVisible()
  way.clear()
  await phone.allSent()
  await expect.poll(async () => (await floor.admin.get(`/v1/photos?item_id=${item.id}`)).data.length).toBe(1)
})

test('a page that was there before its service worker takes a new version when it is asked to', async ({ phone, way }) => {
  const { page } = phone
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null)
  await way.anotherVersion()
  await page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration()).update()))
  await page.getByRole('button', { name: 'Load it' }).click()
  await expect(page.locator('html[data-version=another]')).toHaveCount(1)
})

test('a version whose page comes from another one, or from somebody else, is not kept', async ({ phone, way }) => {
  const { page } = phone
  await phone.installed()
  await way.anotherVersion({ torn: true })
  const became = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration()
    const coming = new Promise((found) => registration.addEventListener('updatefound', () => found(registration.installing), { once: true }))
    registration.update().catch(() => undefined)
    const worker = await coming
    return new Promise((over) => worker.addEventListener('statechange', () => over(worker.state), { once: true }))
  })
  expect(became).toBe('redundant')
  await page.reload()
  await expect(page.getByText('Live')).toBeVisible()
  await expect(page.locator('html[data-version=another]')).toHaveCount(0)
})

test('the app is opened again without asking for a file of it, with a network and without', async ({ phone, way }) => {
  const { page } = phone
  await phone.installed()
  const before = way.asked.length
  await page.reload()
  await expect(page.getByText('Live')).toBeVisible()
  expect(way.asked.slice(before).filter((line) => line.includes(' /app/') && line !== 'GET /app/offline.js')).toEqual([])
  await phone.offline()
  await page.reload()
  await expect(page.getByText('No network')).toBeVisible()
  await phone.go('Items')
  await expect(page.getByText('5 items')).toBeVisible()
})

test('a second tab says that the first one has the floor, and has it when the first one is closed', async ({ floor, phone }) => {
  const { page: first } = phone
  await phone.offline()
  await phone.wedge(`item:${floor.items[0].id}`)
  await expect(first.getByText('1 unsent')).toBeVisible()
  await phone.online()

  const second = await phone.context.newPage()
  await second.goto(floor.server.url + '/app/')
  await expect(second.getByRole('heading', { name: 'Open in another tab' })).toBeVisible()
  await expect(second.getByText('Floorline is already running on this phone.')).toBeVisible()

  await test.step('it can be taken over, and then the first one says the same', async () => {
    await second.getByRole('button', { name: 'Use here' }).click()
    await expect(second.getByText('Live')).toBeVisible()
    await expect(first.getByRole('heading', { name: 'Open in another tab' })).toBeVisible()
  })

  await test.step('work of both tabs lies in one outbox', async () => {
    phone.page = second
    await phone.openItem('CAP-0001')
    await phone.measure('10.1')
    await phone.allSent()
    await expect.poll(() => floor.told(floor.items[0])).toEqual(['item.created', 'item.started', 'action.completed', 'action.completed'])
  })

  await test.step('the one that has it is closed, and the other one goes on by itself', async () => {
    await second.close()
    phone.page = first
    await expect(first.getByText('Live')).toBeVisible()
    await phone.openItem('CAP-0001')
    await phone.next('Send on to Checking')
    await phone.allSent()
    await expect.poll(async () => (await floor.told(floor.items[0])).at(-1)).toBe('item.advanced')
  })
})

test('a browser that threw the floor away fetches it again, and unsent work is not touched', async ({ floor, phone }) => {
  await phone.offline()
  await phone.wedge(`item:${floor.items[0].id}`)
  await expect(phone.page.getByText('1 unsent')).toBeVisible()
  await phone.page.evaluate(
    () =>
      new Promise((gone, kept) => {
        const asked = indexedDB.deleteDatabase('floorline-floor')
        asked.onsuccess = gone
        asked.onerror = kept
      }),
  )
  await expect(phone.page.getByRole('heading', { name: 'The storage cannot be opened' })).toBeVisible()
  await expect(phone.page.getByText('Nothing was deleted.')).toBeVisible()
  await phone.page.getByRole('button', { name: 'Try again' }).click()
  await expect(phone.page.getByText('1 unsent')).toBeVisible()
  await phone.go('Items')
  await expect(phone.page.getByText('The floor was not loaded yet. It comes with the first network.')).toBeVisible()
  await phone.online()
  await expect(phone.page.getByText('5 items')).toBeVisible({ timeout: 40_000 })
  await phone.allSent()
  await expect.poll(() => floor.told(floor.items[0])).toEqual(['item.created', 'item.started', 'action.completed'])
})

test('a browser that threw everything away opens the app as a new phone, which can be added again', async ({ floor, phone }) => {
  const session = await phone.context.newCDPSession(phone.page)
  await session.send('Storage.clearDataForOrigin', { origin: floor.server.url, storageTypes: 'all' })
  await expect(phone.page.getByRole('heading', { name: 'The storage cannot be opened' })).toBeVisible()
  await phone.page.getByRole('button', { name: 'Try again' }).click()
  await expect(phone.page.getByRole('heading', { name: 'Add this phone' })).toBeVisible()
  await phone.enrol(floor)
  await phone.signIn()
  await phone.go('Items')
  await expect(phone.page.getByText('5 items')).toBeVisible()
})

test('where the storage is full a photo is refused in words, and what was saved before goes up', async ({ floor, phone }) => {
  const [item] = floor.items
  await phone.offline()
  await phone.wedge(`item:${item.id}`)
  await phone.openItem('CAP-0001')
  await phone.measure('10.1')
  await phone.next('Send on to Checking')
  await expect(phone.page.getByText('3 unsent')).toBeVisible()

  await phone.kill()
  await phone.start({ network: false, spare: 1_000_000 })
  const { page } = phone
  const photo = { name: 'large.jpg', mimeType: 'image/jpeg', buffer: await drawn(page, { width: 2048, height: 2048, noisy: true }) }
  await phone.openItem('CAP-0001')
  await phone.openAction('Front')
  await page.locator('input[type=file]').setInputFiles(photo)
  await phone.save()
  await expect(page.getByText('Not saved: this phone is full. Find a network so that it can send.')).toBeVisible()
  await expect(page.getByText('This phone is full. Nothing more can be saved')).toBeVisible()
  await expect(page.getByText('3 unsent')).toBeVisible()

  await phone.online()
  await phone.allSent()
  await expect.poll(() => floor.told(item)).toEqual(['item.created', 'item.started', 'action.completed', 'action.completed', 'item.advanced'])
  await phone.leave(null)
  await phone.save()
  await phone.allSent()
  await expect.poll(async () => (await floor.told(item)).at(-1)).toBe('action.completed')
})

test('a browser killed in the middle of a run of saves has kept exactly those it called saved, and whole ones besides', async ({ floor, phone }) => {
  const item = floor.items[0]
  await phone.installed()
  await phone.offline()
  const said = []
  await phone.page.exposeFunction('saved', (number) => said.push(number))
  await phone.page.evaluate((id) => {
    const run = async () => {
      const [cache] = await caches.keys()
      const files = await (await caches.open(cache)).keys()
      const worker = new Worker(files.map(({ url }) => url).find((url) => /\/worker-[^/]+\.js$/.test(url)), { type: 'module' })
      worker.onmessage = ({ data }) => {
        if (data.said !== 'answer') return
        if (data.id > 0) window.saved(data.id)
        worker.postMessage({ id: data.id + 1, name: 'act', args: [{ op: 'note.add', item_id: id, data: { text: `note ${data.id + 1}` } }] })
      }
      worker.postMessage({ id: 0, name: 'open', args: [true] })
    }
    void run()
  }, item.id)
  await expect.poll(() => said.length).toBeGreaterThan(20)
  await phone.kill()

  await phone.start()
  await phone.allSent()
  const told = (await notesOf(floor, item)).map((text) => Number(text.split(' ')[1]))
  expect(told.slice(0, said.length)).toEqual(said)
  expect(told).toEqual(told.map((_, place) => place + 1))
})
