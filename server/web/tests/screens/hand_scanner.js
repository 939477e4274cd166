const ENTER = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' }

/** As a hand scanner types: faster than any hand, then its terminator. The times are the scanner's own, however busy this machine is. */
export async function scan(page, code) {
  const session = await page.context().newCDPSession(page)
  let time = Date.now()
  const sent = []
  for (const key of [...[...code].map((letter) => ({ key: letter, text: letter })), ENTER]) {
    const timestamp = (time += 2) / 1_000
    sent.push(session.send('Input.dispatchKeyEvent', { type: 'keyDown', timestamp, ...key }))
    sent.push(session.send('Input.dispatchKeyEvent', { type: 'keyUp', timestamp, ...key, text: undefined }))
  }
  await Promise.all(sent)
  await session.detach()
}
