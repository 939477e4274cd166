const VERSION = '__VERSION__'
const BASE = '__BASE__'
const FILES = ['__FILES__']

const PREFIX = 'floorline-app-'
const CACHE = PREFIX + VERSION
const PAGE = BASE

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(CACHE).then((cache) =>
      Promise.all([
        cache.add(new Request(PAGE, { cache: 'reload' })),
        ...FILES.map((file) => cache.add(new Request(BASE + file, { cache: file.startsWith('assets/') ? 'default' : 'reload' }))),
      ]),
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
