import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import type { Plugin } from 'vite'

/** What is smaller than this is sent as it is. */
const WORTH_IT = 1024

/** Packs every built text and module once, beside the plain file: the server sends it as it lies there. */
export function packed(): Plugin {
  let folder = 'dist'
  return {
    name: 'packed',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      folder = join(config.root, config.build.outDir)
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile() || !/\.(js|css|wasm|html|svg|webmanifest)$/.test(entry.name)) continue
          const path = join(entry.parentPath, entry.name)
          const plain = readFileSync(path)
          if (plain.length < WORTH_IT) continue
          const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length }
          writeFileSync(`${path}.br`, brotliCompressSync(plain, { params }))
        }
      },
    },
  }
}
