/** How soon a phone that lay in a drawer can scan: the browser is started anew each time, and all it has is on the phone. */

import { makeFloor } from '../floor.js'
import { Phone } from '../phone.js'
import { Server } from '../server.js'
import { atMost, figure, percentile } from './figure.js'

const FULL = { items: 1000, starts: 15 }
const QUICK = { items: 40, starts: 2 }

/** The floor is open and the scan screen stands: from the beginning of the navigation, by the page's own clock. */
function noteOpening() {
  window.openedAt = new Promise((resolve) => {
    const look = new MutationObserver(() => {
      if (document.querySelector('section.scan') === null) return
      look.disconnect()
      requestAnimationFrame(() => resolve(performance.now()))
    })
    look.observe(document, { childList: true, subtree: true })
  })
}

export async function opening(quick) {
  const size = quick ? QUICK : FULL
  const server = await Server.start()
  let phone = null
  try {
    const floor = await makeFloor(server, size.items)
    phone = await Phone.atWork(floor)
    await phone.go('Items')
    await phone.page.getByText(`${size.items === 1000 ? '1,000' : size.items} items`).waitFor()
    await phone.installed()
    await phone.context.close()
    const without = await starts(phone, size.starts, false)
    const live = await starts(phone, size.starts, true)
    return [
      figure('offline_start_p50', percentile(without, 0.5), 'ms', ['the same with a network', percentile(live, 0.5)]),
      figure('offline_start_p95', percentile(without, 0.95), 'ms', ['the same with a network', percentile(live, 0.95)], atMost(1000)),
    ]
  } finally {
    await phone?.close().catch(() => undefined)
    await server.stop()
  }
}

async function starts(phone, count, network) {
  const took = []
  for (let start = 0; start < count; start += 1) {
    await phone.start({ network, script: noteOpening })
    took.push(await phone.page.evaluate(() => window.openedAt))
    await phone.context.close()
  }
  return took
}
