/** Files as a page loads them, from several folders under one address on loopback. Nothing else can be loaded from there. */

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

const KINDS = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.png': 'image/png', '.wasm': 'application/wasm' }

const HEADERS = {
  'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob:",
  // A page of its own process has the finer clock.
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

/** `places`: the first part of a path, and its folder. */
export async function serveFolders(places) {
  const server = createServer(async (request, response) => {
    const [, place, ...rest] = normalize(new URL(request.url, 'http://localhost').pathname).split('/')
    try {
      const body = await readFile(join(places[place], ...rest))
      response.writeHead(200, { ...HEADERS, 'Content-Type': KINDS[extname(request.url)] ?? 'application/octet-stream' }).end(body)
    } catch {
      response.writeHead(404, HEADERS).end()
    }
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `http://localhost:${server.address().port}`
  return { url, close: () => server.close() }
}
