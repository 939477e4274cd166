/** Runs in the app's page before the app: times what a person sees, and hears what the floor's worker says. */

{
  /** A measure of the bench's own has a number that the page never gives. */
  let number = 1e9
  let floor = null
  let unsent = null
  let cards = null
  const answers = new Map()
  let heard = () => undefined

  const hear = ({ data }) => {
    if (data.said === 'notice' && data.notice.kind === 'state') {
      unsent = data.notice.state.unsent
      cards = data.notice.state.cards
      heard()
    }
    if (data.said === 'answer') answers.get(data.id)?.resolve(data.answer)
    if (data.said === 'error') answers.get(data.id)?.reject(new Error(data.error.message))
    answers.delete(data.id)
  }

  globalThis.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options)
      if (options?.name !== 'floor') return
      floor = this
      this.addEventListener('message', hear)
    }
  }

  const call = (name, ...args) =>
    new Promise((resolve, reject) => {
      number += 1
      answers.set(number, { resolve, reject })
      floor.postMessage({ id: number, name, args })
    })

  /** The next frame is drawn, with what has changed until now: a task that begins behind it. */
  const painted = () =>
    new Promise((seen) => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = seen
      requestAnimationFrame(() => port2.postMessage(null))
    })

  /** Milliseconds from the next tap until something is in sight. */
  const untilSeen = (selector) =>
    new Promise((resolve) => {
      let tapped = null
      addEventListener('pointerup', (event) => (tapped = event.timeStamp), { capture: true, once: true })
      const changes = new MutationObserver(() => {
        if (tapped === null || document.querySelector(selector) === null) return
        changes.disconnect()
        void painted().then(() => resolve(performance.now() - tapped))
      })
      changes.observe(document.body, { subtree: true, childList: true })
    })

  const queue = (acts) => Promise.all(acts.map((act) => call('act', act)))

  /** Milliseconds from now until the server has judged everything. */
  const drained = () =>
    new Promise((resolve) => {
      const began = performance.now()
      heard = () => unsent === 0 && resolve({ ms: performance.now() - began, cards })
    })

  /** The lengths of the main thread's tasks over 50 ms, until it is asked for them. */
  const watchTasks = () => {
    const tasks = []
    const note = (entries) => tasks.push(...entries.map(({ duration }) => duration))
    const watching = new PerformanceObserver((list) => note(list.getEntries()))
    watching.observe({ type: 'longtask' })
    return () => {
      note(watching.takeRecords())
      watching.disconnect()
      return tasks
    }
  }

  /** One small record, written as durably as an act is. */
  const bareWrite = async () => {
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open('bench', 1)
      opening.onupgradeneeded = () => opening.result.createObjectStore('records', { autoIncrement: true })
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
    })
    const began = performance.now()
    const transaction = database.transaction('records', 'readwrite', { durability: 'strict' })
    transaction.objectStore('records').put({ text: 'x'.repeat(1000) })
    await new Promise((resolve, reject) => ((transaction.oncomplete = resolve), (transaction.onabort = reject)))
    const ms = performance.now() - began
    database.close()
    return ms
  }

  /** So many lines of text, all of them, without anything of ours. */
  const barePage = async (lines) => {
    const began = performance.now()
    const page = document.createElement('div')
    page.style = 'position: fixed; inset: 0; z-index: 9; overflow: auto; background: white'
    page.append(...lines.map((line) => Object.assign(document.createElement('p'), { textContent: line })))
    document.body.append(page)
    await painted()
    const ms = performance.now() - began
    page.remove()
    return ms
  }

  /** Milliseconds for so many requests, each after the answer of the one before. */
  const bareRequests = async (count) => {
    const began = performance.now()
    for (let n = 0; n < count; n += 1) await (await fetch('/health/live', { cache: 'no-store' })).text()
    return performance.now() - began
  }

  globalThis.bench = { call, untilSeen, queue, drained, watchTasks, bareWrite, barePage, bareRequests }
}
