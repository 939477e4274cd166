export interface Region {
  x: number
  y: number
  width: number
  height: number
}

export interface Extent {
  width: number
  height: number
}

/** The part of the shorter side that the guide takes. */
export const GUIDE = 0.74
/** How far around the guide is looked, so that a code at its edge is read too. */
const AROUND = 1.3

/** What of a picture is behind the guide, when it fills the box and is cut at its sides (`object-fit: cover`). */
export function behindGuide(picture: Extent, box: Extent): Region {
  const scale = Math.max(box.width / picture.width, box.height / picture.height)
  const side = (Math.min(box.width, box.height) * GUIDE * AROUND) / scale
  const width = Math.min(side, box.width / scale, picture.width)
  const height = Math.min(side, box.height / scale, picture.height)
  return {
    x: Math.round((picture.width - width) / 2),
    y: Math.round((picture.height - height) / 2),
    width: Math.round(width),
    height: Math.round(height),
  }
}

/** Where a point of the picture is seen in the box. */
export function inBox(point: { x: number; y: number }, picture: Extent, box: Extent): { x: number; y: number } {
  const scale = Math.max(box.width / picture.width, box.height / picture.height)
  return {
    x: (point.x - picture.width / 2) * scale + box.width / 2,
    y: (point.y - picture.height / 2) * scale + box.height / 2,
  }
}
