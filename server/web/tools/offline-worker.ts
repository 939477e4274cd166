import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Plugin } from 'vite'

/**
 * Writes the service worker once everything else is built: its list of files is the built folder, its name their contents, so that a build
 * that changed nothing changes nothing on any phone. Each file is kept only as it was built.
 */
export function offlineWorker(): Plugin {
  let folder = 'dist'
  let base = '/'
  let template = ''
  return {
    name: 'offline-worker',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir)
      base = config.base
      template = join(config.root, 'tools/offline-worker.js')
    },
    closeBundle() {
      const files = filesUnder(folder).filter((file) => file !== 'offline.js' && !/\.(map|br)$/.test(file))
      const digest = createHash('sha256')
      const pinned: Record<string, string> = {}
      for (const file of files) {
        const bytes = readFileSync(join(folder, file))
        digest.update(file).update(bytes)
        // The page is kept under the folder's own address.
        pinned[file === 'index.html' ? '' : file] = `sha256-${createHash('sha256').update(bytes).digest('base64')}`
      }
      const script = readFileSync(template, 'utf8')
        .replace("'__VERSION__'", JSON.stringify(digest.digest('hex').slice(0, 16)))
        .replace("'__BASE__'", JSON.stringify(base))
        .replace("['__FILES__']", JSON.stringify(pinned))
      writeFileSync(join(folder, 'offline.js'), script)
    },
  }
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
}
