/** Pictures for a phone's gallery, drawn by its own browser: none of them lies in the repository. */

/** A JPEG of this size, of coloured fields; `noisy`: of noise, which no format makes small. */
export async function drawn(page, { width, height, noisy = false }) {
  const text = await page.evaluate(
    async ({ width, height, noisy }) => {
      const canvas = new OffscreenCanvas(width, height)
      const brush = canvas.getContext('2d')
      for (let at = 0; at < 90; at += 1) {
        brush.fillStyle = `hsl(${at * 37} 60% 50%)`
        brush.fillRect((at % 10) * (width / 10), Math.floor(at / 10) * (height / 9), width / 10, height / 9)
      }
      if (noisy) {
        const picture = brush.getImageData(0, 0, width, height)
        for (let at = 0; at < picture.data.length; at += 65_536) crypto.getRandomValues(picture.data.subarray(at, at + 65_536))
        brush.putImageData(picture, 0, 0)
      }
      const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.6 })).arrayBuffer())
      let text = ''
      for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768))
      return btoa(text)
    },
    { width, height, noisy },
  )
  return Buffer.from(text, 'base64')
}
