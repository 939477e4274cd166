/** This phone's own key, and the proofs it signs: a JWT as in RFC 9449 for one request; the server names the nonce and reads no clock of ours. */

export async function makeKey(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
}

export interface PublicKey {
  kty: 'EC'
  crv: 'P-256'
  x: string
  y: string
}

export async function publicKey(key: CryptoKeyPair): Promise<PublicKey> {
  const { x, y } = await crypto.subtle.exportKey('jwk', key.publicKey)
  return { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }
}

export interface Proved {
  method: string
  /** Without query and fragment. */
  url: string
  token: string | null
  nonce: string | null
}

export async function prove(key: CryptoKeyPair, { method, url, token, nonce }: Proved): Promise<string> {
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: await publicKey(key) }
  const claims = {
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
    ...(nonce === null ? {} : { nonce }),
    ...(token === null ? {} : { ath: base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(token)))) }),
  }
  const signed = `${base64url(utf8(JSON.stringify(header)))}.${base64url(utf8(JSON.stringify(claims)))}`
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, utf8(signed))
  return `${signed}.${base64url(new Uint8Array(signature))}`
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

export function base64url(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

export async function sha256(bytes: ArrayBuffer): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
