/** How a phone becomes one of a factory's: it claims a code, shows six digits, and asks until somebody has compared them. */

import type { Api } from './api'
import type { Id } from './contract'
import { publicKey } from './key'
import type { KeptDevice } from './storage'

/** Asks to be let in; the digits are to be shown. */
export async function claim(api: Api, key: CryptoKeyPair, code: string, app_version: string): Promise<KeptDevice & { digits: string }> {
  const { device_id, digits } = await api.json<{ device_id: Id; digits: string }>('/v1/devices/enrolments/claim', {
    method: 'POST',
    from: 'nobody',
    json: { code, public_key: await publicKey(key), platform: 'web', app_version },
  })
  return { id: device_id, name: '', site_id: '', digits, state: 'pending' }
}

/** The phone as the server knows it now. */
export async function asked(api: Api, device: KeptDevice): Promise<KeptDevice> {
  const { status, name, site_id } = await api.json<{ status: KeptDevice['state']; name: string; site_id: Id }>(`/v1/devices/${device.id}/status`, { from: 'device' })
  return { ...device, name, site_id, state: status, digits: status === 'pending' ? device.digits : null }
}
