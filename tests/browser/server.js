/** A server of its own for each test: real PostgreSQL, real HTTP, on loopback and a free port. */

import { spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)))
export const BINARY = process.env.FLOORLINE ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug', 'floorline')

export const ADMIN = { email: 'admin@mill.example', password: 'a long and quiet sentence' }
export const WORKER = { email: 'ana@mill.example', password: 'another long, quiet sentence' }

export class Server {
  /** Starts one with an administrator and an empty factory; `settings` are variables of its environment, `way` is how phones come to it. */
  static async start(settings = {}, way = null) {
    const folder = mkdtempSync(join(tmpdir(), 'floorline-browser-'))
    const server = new Server(folder, await freePort(), settings, way)
    server.command(['user', 'create', '--admin', '--email', ADMIN.email, '--organization', 'Mill'], `${ADMIN.password}\n`)
    await server.run()
    return server
  }

  constructor(folder, port, settings, way) {
    this.folder = folder
    this.port = port
    this.own = `http://localhost:${port}`
    this.url = way?.url ?? this.own
    if (way !== null) way.leadsTo = port
    this.environment = {
      ...process.env,
      FLOORLINE_DATA: folder,
      FLOORLINE_BIND: `127.0.0.1:${port}`,
      FLOORLINE_METRICS_BIND: 'off',
      FLOORLINE_PUBLIC_URL: this.url,
      FLOORLINE_ADDRESS_RATE: '0',
      FLOORLINE_USER_RATE: '0',
      ...settings,
    }
    delete this.environment.DATABASE_URL
  }

  command(args, input) {
    const done = spawnSync(BINARY, args, { env: this.environment, input, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`floorline ${args.join(' ')}: ${done.stderr}`)
    return done.stdout
  }

  /** Starts the process, and waits until it says that it is ready. */
  async run() {
    const child = spawn(BINARY, ['serve'], { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child = child
    let log = ''
    child.stderr.on('data', (text) => (log += text))
    await new Promise((ready, failed) => {
      child.stdout.on('data', (text) => String(text).includes('ready') && ready())
      child.on('exit', (code) => failed(new Error(`the server ended with ${code}: ${log}`)))
    })
  }

  /** The process is gone from one moment to the next; what it had promised must be there when it runs again. */
  async kill(signal = 'SIGKILL') {
    const { child } = this
    const gone = new Promise((over) => child.on('exit', over))
    child.removeAllListeners('exit')
    child.once('exit', () => undefined)
    process.kill(child.pid, signal)
    await gone.catch(() => undefined)
  }

  async stop() {
    const gone = new Promise((over) => this.child.once('exit', over))
    process.kill(this.child.pid, 'SIGTERM')
    await gone
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }

  /** Signs in over HTTP and answers a client with that person's token. */
  async as({ email, password }) {
    const { access_token: token } = await this.call('POST', '/v1/auth/login', { email, password })
    return {
      token: () => token,
      get: (path) => this.call('GET', path, undefined, token),
      post: (path, body) => this.call('POST', path, body, token),
      put: (path, body) => this.call('PUT', path, body, token),
      patch: (path, body) => this.call('PATCH', path, body, token),
      delete: (path) => this.call('DELETE', path, undefined, token),
    }
  }

  async call(method, path, body, token) {
    const response = await fetch(this.own + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
}

/** A port that is free, and stays so: it lies below those that the system gives to whoever asks for any, and each of two workers has its own half. */
async function freePort() {
  const half = Number(process.env.TEST_PARALLEL_INDEX ?? 0) % 2
  for (;;) {
    const port = randomInt(10_000, 16_384) * 2 + half
    if (await isFree(port)) return port
  }
}

function isFree(port) {
  return new Promise((told) => {
    const probe = createServer()
    probe.once('error', () => told(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => told(true)))
  })
}
