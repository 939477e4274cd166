import { words } from '../../words/say.svelte'
import { floor } from '../floor.svelte'
import { preferences } from '../preferences.svelte'

/** Where `offline.js` finds what notices say in the person's language. */
const WORDS = { cache: 'floorline-words', url: '/app/push-words.json' }

type Fault = 'unsupported' | 'blocked' | 'unserved' | 'failed'

/**
 * Notices on the lock screen while the app is closed. The subscription is the phone's; the server is told of it for whoever is signed in, so
 * it is told again when somebody else is.
 */
class Notices {
  fault = $state<Fault | null>(null)
  private toldFor: string | null = null

  /** From a tap only: that is when browsers let a page ask. */
  async turnOn(): Promise<void> {
    this.fault = await this.subscribed().catch(() => 'failed' as const)
    if (this.fault !== null) return
    this.toldFor = floor.state.person?.id ?? null
    await preferences.set({ notices: true })
  }

  async turnOff(): Promise<void> {
    await preferences.set({ notices: false })
    this.fault = null
    this.toldFor = null
    // A server that could not be told finds the address gone.
    await floor.core.tellHere(null).catch(() => undefined)
    await (await subscription())?.unsubscribe()
  }

  /** Somebody is signed in and there is a network: from now on they are the one who is told. */
  async follow(person: string): Promise<void> {
    if (this.toldFor === person) return
    this.toldFor = person
    const fault = await this.subscribed().catch(() => 'failed' as const)
    if (fault !== null && this.toldFor === person) this.toldFor = null
  }

  /** Notices are shown by a worker that has no catalogue of its own. */
  async keepWords(): Promise<void> {
    const said = Object.entries(words.catalogue).filter(([key]) => key.startsWith('push_'))
    const cache = await caches.open(WORDS.cache).catch(() => null)
    await cache?.put(WORDS.url, new Response(JSON.stringify({ ...Object.fromEntries(said), language: words.language })))
  }

  private async subscribed(): Promise<Fault | null> {
    if (!('PushManager' in window) || !('serviceWorker' in navigator)) return 'unsupported'
    if ((await Notification.requestPermission()) !== 'granted') return 'blocked'
    const key = await floor.core.pushKey()
    if (key === null) return 'unserved'
    const { pushManager } = await navigator.serviceWorker.ready
    const kept = await pushManager.getSubscription()
    const isOurs = kept !== null && base64url(kept.options.applicationServerKey) === key
    if (kept !== null && !isOurs) await kept.unsubscribe()
    const subscription = isOurs ? kept : await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
    await floor.core.tellHere(subscription.toJSON())
    return null
  }
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker?.getRegistration()
  return (await registration?.pushManager.getSubscription()) ?? null
}

function base64url(bytes: ArrayBuffer | null): string | null {
  if (bytes === null) return null
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** A notice was tapped while the app was open. */
export function listenToNotices(): void {
  navigator.serviceWorker?.addEventListener('message', ({ data }: MessageEvent<{ go?: unknown }>) => {
    if (typeof data.go === 'string' && data.go.startsWith('#/')) location.hash = data.go
  })
}

export const notices = new Notices()
