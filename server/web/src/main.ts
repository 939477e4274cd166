import { mount } from 'svelte'

import App from './app/App.svelte'
import { floor } from './app/floor.svelte'
import { listenToNotices } from './app/more/notices.svelte'
import { preferences } from './app/preferences.svelte'
import { watchForUpdates } from './app/update.svelte'
import './tokens.css'
import './base.css'
import { openCore } from './core'
import type { Core } from './core/contract'

async function core(): Promise<Core> {
  if (import.meta.env.DEV) {
    const how = new URLSearchParams(location.search).get('fake')
    if (how !== null) return (await import('./core/fake')).openFake(how)
  }
  return openCore()
}

const target = document.getElementById('app') ?? document.body
target.replaceChildren()
try {
  mount(App, { target })
} catch (fault) {
  target.textContent = 'Floorline could not start. Your work is kept on this phone. Load this page again.'
  console.error(fault)
}
void preferences.apply()
void floor.open(core)
if (import.meta.env.PROD) watchForUpdates()
listenToNotices()
