/** Where this phone is told of things while the app is closed, and when not. Kept by the server alone: nothing here waits for a network. */

import type { Api } from './api'
import type { Id, QuietHours } from './contract'

/** The server's public key for `subscribe`; null where it sends no Web Push. */
export async function pushKey(api: Api): Promise<string | null> {
  const { vapid_public_key: key } = await api.json<{ vapid_public_key: string | null }>('/v1/push/key')
  return key
}

/** Whoever is signed in is told here from now on; null: no more. */
export async function tellHere(api: Api, device: Id, subscription: PushSubscriptionJSON | null): Promise<void> {
  const path = `/v1/devices/${device}/push`
  if (subscription === null) await api.send(path, { method: 'DELETE' })
  else await api.json(path, { method: 'PUT', json: { kind: 'web', address: subscription.endpoint, ...subscription.keys } })
}

export async function quietHours(api: Api): Promise<QuietHours | null> {
  const { quiet_hours: hours } = await api.json<{ quiet_hours: QuietHours | null }>('/v1/me/quiet_hours')
  return hours
}

export async function setQuietHours(api: Api, hours: QuietHours | null): Promise<void> {
  await api.send('/v1/me/quiet_hours', {
    method: hours === null ? 'DELETE' : 'PUT',
    ...(hours === null ? {} : { body: JSON.stringify(hours), headers: { 'Content-Type': 'application/json' } }),
  })
}
