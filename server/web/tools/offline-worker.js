const VERSION = '__VERSION__'
const BASE = '__BASE__'
/** Each with its digest: behind one address two versions of a server may answer, or somebody else in its name. */
const FILES = ['__FILES__']

const PREFIX = 'floorline-app-'
const CACHE = PREFIX + VERSION
const PAGE = BASE

self.addEventListener('install', (event) => {
  // Some browsers ask the server for the page while this worker starts. Told so, they take it from the cache, and the worker need not start for it.
  event.addRoutes?.({ condition: { urlPattern: { pathname: PAGE }, requestMode: 'navigate' }, source: { cacheName: CACHE } })
  event.waitUntil(
    caches.open(CACHE).then((cache) =>
      Promise.all(
        Object.entries(FILES).map(async ([file, integrity]) => {
          const keep = (how) => cache.add(new Request(BASE + file, { cache: how, integrity }))
          if (file.startsWith('assets/')) await keep('default').catch(() => keep('reload'))
          else await keep('reload')
        }),
      ),
    ),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('message', (event) => {
  if (event.data === 'take over') self.skipWaiting()
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin || !url.pathname.startsWith(BASE)) return
  const wanted = request.mode === 'navigate' ? PAGE : url.pathname
  event.respondWith(
    caches
      .open(CACHE)
      .then((cache) => cache.match(wanted))
      .then((kept) => kept ?? fetch(request)),
  )
})

// What the app's page keeps there of its catalogue; without it the server's English line is shown.
const WORDS = BASE + 'push-words.json'

self.addEventListener('push', (event) => event.waitUntil(show(noticeOf(event.data))))

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(open(event.notification.data))
})

function noticeOf(data) {
  try {
    return { kind: '', title: 'Floorline', urgent: false, ids: [], count: 0, ...data.json() }
  } catch {
    return { kind: '', title: 'Floorline', urgent: false, ids: [], count: 0 }
  }
}

async function show({ kind, message, title, urgent, ids, count, at }) {
  const kept = await caches.match(WORDS, { cacheName: 'floorline-words' })
  const words = kept === undefined ? {} : await kept.json()
  await self.registration.showNotification(words[message] ?? title, {
    body: count > 1 ? `× ${count}` : '',
    lang: words[message] === undefined ? 'en' : words.language,
    icon: BASE + 'icon-192.png',
    badge: BASE + 'icon-192.png',
    // A stop stands for itself; of the others the last of a kind is enough.
    tag: urgent ? `${kind}:${ids[0]}` : kind,
    renotify: kind !== '',
    requireInteraction: urgent,
    timestamp: Date.parse(at) || Date.now(),
    data: placeOf(kind, ids, count),
  })
}

function placeOf(kind, ids, count) {
  if (kind.startsWith('case_')) return '#/unsent'
  return count === 1 ? `#/item/${ids[0]}` : '#/queue'
}

async function open(place) {
  const [client] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  if (client === undefined) return self.clients.openWindow(BASE + place)
  client.postMessage({ go: place })
  return client.focus()
}
