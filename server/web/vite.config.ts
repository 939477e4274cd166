import { fileURLToPath } from 'node:url'

import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

import app from './package.json' with { type: 'json' }
import { firstScreen } from './tools/first_screen.ts'
import { offlineWorker } from './tools/offline-worker.ts'
import { packed } from './tools/packed.ts'

const policy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "media-src 'self' blob:",
].join('; ')

export default defineConfig({
  base: '/app/',
  plugins: [svelte(), offlineWorker(), packed()],
  define: { __APP_VERSION__: JSON.stringify(app.version) },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: firstScreen(fileURLToPath(new URL('src/main.ts', import.meta.url))) }] } } },
  },
  preview: { headers: { 'content-security-policy': policy } },
  test: { include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'tests/**/*.test.ts'] },
})
