/** A door before a server, which counts what goes through: the requests of a page and of all its workers, and the bytes of the answers as they were sent. */

import { Agent, createServer, request as ask } from 'node:http'
import { connect } from 'node:net'

export class Wire {
  static async before(server) {
    const wire = new Wire(server)
    await new Promise((listening) => wire.door.listen(0, '127.0.0.1', listening))
    wire.url = `http://localhost:${wire.door.address().port}`
    return wire
  }

  constructor(server) {
    this.port = server.port
    /** Each as method, path, status, and bytes of its answer with the header. */
    this.seen = []
    /** Paths that are answered as if they were not there. */
    this.missing = new Set()
    this.agent = new Agent({ keepAlive: true })
    this.waiting = []
    this.door = createServer((request, response) => this.pass(request, response))
    this.door.on('upgrade', (request, socket, head) => this.passSocket(request, socket, head))
  }

  /** What had been asked for when the answer of this path was whole. */
  untilAnswered(path) {
    return new Promise((resolve) => this.waiting.push({ path, resolve }))
  }

  /** Nothing was asked for during a second. */
  async quiet() {
    for (let before = -1; before !== this.seen.length; ) {
      before = this.seen.length
      await new Promise((passed) => setTimeout(passed, 1000))
    }
  }

  close() {
    this.agent.destroy()
    this.door.closeAllConnections()
    this.door.close()
  }

  pass(request, response) {
    const { method, url, headers } = request
    if (this.missing.has(url)) return response.writeHead(404).end()
    const asked = ask({ host: '127.0.0.1', port: this.port, agent: this.agent, method, path: url, headers }, (answer) => {
      const { statusCode: status, rawHeaders } = answer
      const noted = { method, path: url.split('?')[0], status, bytes: 'HTTP/1.1 200 OK\r\n\r\n'.length + rawHeaders.join('').length + 2 * rawHeaders.length }
      this.seen.push(noted)
      answer.on('data', (piece) => (noted.bytes += piece.length))
      answer.on('end', () => this.waiting.forEach(({ path, resolve }) => path.test(noted.path) && resolve([...this.seen])))
      response.writeHead(status, rawHeaders)
      answer.pipe(response)
    })
    asked.on('error', () => response.destroy())
    request.pipe(asked)
  }

  passSocket({ method, url, rawHeaders }, socket, head) {
    this.seen.push({ method: 'SOCKET', path: url, status: 101, bytes: 0 })
    const server = connect(this.port, '127.0.0.1', () => {
      const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []))
      server.write(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      server.write(head)
      server.pipe(socket).pipe(server)
    })
    for (const end of [server, socket]) end.on('error', () => (server.destroy(), socket.destroy()))
    socket.on('close', () => server.destroy())
  }
}
