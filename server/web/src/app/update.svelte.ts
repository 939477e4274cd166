/** A newer version of the app waits until the person takes it; the outbox is not touched by it. */
class Update {
  waiting = $state.raw<ServiceWorker | null>(null)

  /** Takes the new version; when none was seen yet, it is asked for first. */
  async load(): Promise<void> {
    if (!this.waiting) {
      const registration = await this.look()
      if (registration?.installing) return
      this.waiting = registration?.waiting ?? null
    }
    if (this.waiting) this.waiting.postMessage('take over')
    else location.reload()
  }

  /** Asks the server for a newer version; one that comes is offered. */
  async look(): Promise<ServiceWorkerRegistration | undefined> {
    const registration = await navigator.serviceWorker?.getRegistration()
    await registration?.update().catch(() => undefined)
    return registration
  }
}

export const update = new Update()

const AN_HOUR = 3_600_000

export function watchForUpdates(): void {
  if (!('serviceWorker' in navigator)) return
  const { serviceWorker } = navigator
  let hadOne = serviceWorker.controller !== null
  let reloading = false
  serviceWorker.addEventListener('controllerchange', () => {
    const hasOne = serviceWorker.controller !== null
    // The first one takes a page over that is as new as it is.
    if (hadOne && hasOne && !reloading) {
      reloading = true
      location.reload()
    }
    hadOne = hasOne
    // Whoever clears the browser's storage takes the worker away with it.
    if (!hasOne) register()
  })
  register()
  setInterval(() => void update.look(), AN_HOUR)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void update.look()
  })
}

function register(): void {
  navigator.serviceWorker.register('/app/offline.js', { scope: '/app/', updateViaCache: 'none' }).then(watch, () => undefined)
}

function watch(registration: ServiceWorkerRegistration): void {
  offer(registration)
  registration.addEventListener('updatefound', () => {
    const coming = registration.installing
    coming?.addEventListener('statechange', () => offer(registration))
  })
}

function offer(registration: ServiceWorkerRegistration): void {
  if (registration.waiting && navigator.serviceWorker.controller) update.waiting = registration.waiting
}
