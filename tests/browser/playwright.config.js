import { defineConfig } from '@playwright/test'

/** Debian's Chromium, as a phone; every test has a server and a database of its own. */
export default defineConfig({
  testDir: '.',
  timeout: 240_000,
  expect: { timeout: 20_000 },
  fullyParallel: true,
  workers: 2,
  retries: 0,
  reporter: [['list']],
  use: {
    locale: 'en-GB',
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    isMobile: true,
    serviceWorkers: 'allow',
    trace: 'retain-on-failure',
  },
})
