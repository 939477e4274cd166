/** Shows every frame to every reader, one after another, and times each from the picture until its answer is back on the page. */

class Reader {
  constructor(url, options, harder = false) {
    this.worker = new Worker(url, options)
    this.harder = harder
    this.number = 0
  }

  read(frame) {
    const id = ++this.number
    const began = performance.now()
    return new Promise((resolve, reject) => {
      this.worker.onerror = ({ message }) => reject(new Error(message))
      this.worker.onmessage = ({ data }) => data.id === id && resolve({ text: data.text, ms: performance.now() - began })
      this.worker.postMessage({ id, harder: this.harder, frame }, [frame])
    })
  }
}

globalThis.readAll = async ({ list, own }) => {
  const readers = {
    quick: new Reader(own, { type: 'module' }),
    harder: new Reader(own, { type: 'module' }, true),
    'zxing-wasm': new Reader('/bench/peer.worker.js', { name: 'zxing-wasm' }),
    jsqr: new Reader('/bench/peer.worker.js', { name: 'jsqr' }),
  }
  const pictures = await Promise.all(list.map(async ({ file }) => (await fetch(`/frames/${file}`)).blob()))
  // The first frame compiles each reader, and does not count.
  for (const reader of Object.values(readers)) await reader.read(await createImageBitmap(pictures[0]))
  const readings = []
  for (const [at, { text, spoilt }] of list.entries()) {
    const by = {}
    for (const [name, reader] of Object.entries(readers)) {
      if (name !== 'harder') by[name] = await reader.read(await createImageBitmap(pictures[at]))
    }
    by.ladder = await climbed(by.quick, readers.harder, pictures[at])
    readings.push({ text, spoilt, by })
  }
  return readings
}

/** What the phone does: the hard look comes only where the cheap one has found nothing. */
async function climbed(quick, harder, picture) {
  if (quick.text !== null) return quick
  const { text, ms } = await harder.read(await createImageBitmap(picture))
  return { text, ms: quick.ms + ms }
}
