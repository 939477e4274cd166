/** What lies between a phone and the server: a network's own idea of an answer. */

import { createHash } from 'node:crypto'
import { createServer, request as ask } from 'node:http'
import { connect } from 'node:net'

const REFUSED = JSON.stringify({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', title: 'Not taken', detail: 'The bytes are no picture.' })

/** Answers that somebody else gives in the server's name, by what they are called. */
const ANSWERS = {
  portal: { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<!doctype html><title>Guest network</title><h1>Accept the terms to go on</h1>' },
  refused: { status: 415, headers: { 'Content-Type': 'application/problem+json' }, body: REFUSED },
  busy: { status: 503, headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '1' }, body: '{"status":503,"code":"UNAVAILABLE","title":"Try later","detail":"Try later."}' },
}

export class Way {
  /** An open way; where it leads is said by the server that starts behind it. */
  static async open() {
    const way = new Way()
    way.door = createServer((asked, answer) => way.pass(asked, answer))
    way.door.on('upgrade', (asked, socket, head) => way.upgrade(asked, socket, head))
    await new Promise((ready) => way.door.listen(0, '127.0.0.1', ready))
    way.url = `http://localhost:${way.door.address().port}`
    return way
  }

  constructor() {
    this.leadsTo = null
    this.sockets = true
    /** `METHOD path` of every request, in their order. */
    this.asked = []
    this.answered = () => null
    this.changes = () => null
  }

  /** From now on `answer` says of each request who answers it: one of {@link ANSWERS}, `cut` for nobody, or null for the server. */
  stand(answer) {
    this.answered = answer
  }

  /** `change` may write anew what the server sent of a path: it answers a function of the text, or null. */
  rewrite(change) {
    this.changes = change
  }

  /** From now on the server has another version of the app: its page says so. `torn`: but the page is not the one that the version was made with. */
  async anotherVersion({ torn = false } = {}) {
    const digest = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`
    const page = await (await fetch(`${this.url}/app/`)).text()
    const another = (text) => text.replace('<html', '<html data-version="another"')
    this.rewrite((path) => {
      if (path === '/app/') return another
      if (path !== '/app/offline.js') return null
      return (text) => text.replace(/VERSION = "[^"]+"/, 'VERSION = "another"').replace(digest(page), digest(torn ? page : another(page)))
    })
  }

  clear() {
    this.answered = () => null
  }

  async close() {
    this.door.closeAllConnections()
    await new Promise((over) => this.door.close(over))
  }

  pass(asked, answer) {
    this.asked.push(`${asked.method} ${asked.url}`)
    const said = this.answered(asked)
    if (said === 'cut') return asked.socket.destroy()
    const other = ANSWERS[said]
    if (other) {
      asked.resume()
      return answer.writeHead(other.status, other.headers).end(asked.method === 'HEAD' ? undefined : other.body)
    }
    const change = this.changes(asked.url)
    const headers = { ...asked.headers }
    if (change) {
      headers['accept-encoding'] = 'identity'
      delete headers['if-none-match']
    }
    const onward = ask({ agent: false, port: this.leadsTo, host: '127.0.0.1', method: asked.method, path: asked.url, headers }, (came) => {
      if (!change) {
        answer.writeHead(came.statusCode, came.rawHeaders)
        return came.pipe(answer)
      }
      const pieces = []
      came.on('data', (piece) => pieces.push(piece))
      came.on('end', () => {
        const { etag: _, 'content-length': __, 'transfer-encoding': ___, ...rest } = came.headers
        answer.writeHead(came.statusCode, rest).end(change(Buffer.concat(pieces).toString()))
      })
    })
    onward.on('error', () => answer.destroy())
    asked.on('error', () => onward.destroy())
    answer.on('close', () => onward.destroy())
    asked.pipe(onward)
  }

  upgrade(asked, socket, head) {
    this.asked.push(`SOCKET ${asked.url}`)
    socket.on('error', () => undefined)
    const other = ANSWERS[this.answered(asked)]
    if (!this.sockets || other) return socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    const onward = connect(this.leadsTo, '127.0.0.1', () => {
      const lines = [`${asked.method} ${asked.url} HTTP/1.1`]
      for (let at = 0; at < asked.rawHeaders.length; at += 2) lines.push(`${asked.rawHeaders[at]}: ${asked.rawHeaders[at + 1]}`)
      onward.write(`${lines.join('\r\n')}\r\n\r\n`)
      onward.write(head)
      socket.pipe(onward).pipe(socket)
    })
    onward.on('error', () => socket.destroy())
    onward.on('close', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  }
}
