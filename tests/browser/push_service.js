/** A push service as the one of a browser's maker: it takes messages on loopback, and a test opens them with the browser's own keys. */

import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

const AS_TAG = 16

export class PushService {
  static async start() {
    const service = new PushService()
    await new Promise((ready) => service.server.listen(0, '127.0.0.1', ready))
    return service
  }

  constructor() {
    this.keys = createECDH('prime256v1')
    this.keys.generateKeys()
    this.auth = randomBytes(16)
    this.messages = []
    this.server = createServer((request, response) => {
      const pieces = []
      request.on('data', (piece) => pieces.push(piece))
      request.on('end', () => {
        this.messages.push({ headers: request.headers, body: Buffer.concat(pieces) })
        response.writeHead(201).end()
      })
    })
  }

  /** What a browser that has subscribed here would say of itself. */
  subscription() {
    const { port } = this.server.address()
    return {
      endpoint: `http://127.0.0.1:${port}/for/this/browser`,
      keys: { p256dh: this.keys.getPublicKey('base64url'), auth: this.auth.toString('base64url') },
    }
  }

  /** The text of a message, as RFC 8291 has a browser open it. */
  opened({ body }) {
    const salt = body.subarray(0, 16)
    const sender = body.subarray(21, 21 + body[20])
    const sealed = body.subarray(21 + body[20])
    const shared = this.keys.computeSecret(sender)
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.keys.getPublicKey(), sender])
    const secret = hkdfSync('sha256', shared, this.auth, info, 32)
    const key = hkdfSync('sha256', secret, salt, 'Content-Encoding: aes128gcm\0', 16)
    const nonce = hkdfSync('sha256', secret, salt, 'Content-Encoding: nonce\0', 12)
    const decipher = createDecipheriv('aes-128-gcm', Buffer.from(key), Buffer.from(nonce))
    decipher.setAuthTag(sealed.subarray(-AS_TAG))
    const padded = Buffer.concat([decipher.update(sealed.subarray(0, -AS_TAG)), decipher.final()])
    return padded.subarray(0, padded.lastIndexOf(2)).toString('utf8')
  }

  stop() {
    return new Promise((over) => this.server.close(over))
  }
}
