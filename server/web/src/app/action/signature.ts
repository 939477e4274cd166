export type Stroke = { x: number; y: number }[]

const INK = '#10203a'

export function drawStrokes(sheet: HTMLCanvasElement, strokes: readonly Stroke[]): void {
  const pen = sheet.getContext('2d')
  if (!pen) return
  pen.fillStyle = '#ffffff'
  pen.fillRect(0, 0, sheet.width, sheet.height)
  pen.strokeStyle = INK
  pen.lineWidth = 3 * devicePixelRatio
  pen.lineCap = 'round'
  pen.lineJoin = 'round'
  for (const stroke of strokes) {
    const [first, ...others] = stroke
    if (!first) continue
    pen.beginPath()
    pen.moveTo(first.x, first.y)
    if (others.length === 0) pen.lineTo(first.x + 0.1, first.y)
    for (const { x, y } of others) pen.lineTo(x, y)
    pen.stroke()
  }
}

/** A typed name as a picture, for those who cannot or will not draw. */
export async function writtenName(name: string): Promise<Blob> {
  const sheet = new OffscreenCanvas(800, 240)
  const pen = sheet.getContext('2d')
  if (pen) {
    pen.fillStyle = '#ffffff'
    pen.fillRect(0, 0, sheet.width, sheet.height)
    pen.fillStyle = INK
    pen.font = 'italic 64px serif'
    pen.textAlign = 'center'
    pen.textBaseline = 'middle'
    pen.fillText(name, sheet.width / 2, sheet.height / 2, sheet.width - 80)
  }
  return sheet.convertToBlob({ type: 'image/png' })
}
