export interface Size {
  width: number
  height: number
}

/** The longest side that a photo of evidence keeps. */
export const LONGEST_SIDE = 2048

/** The same shape within a longest side; never larger than it was. */
export function fitted({ width, height }: Size, longest = LONGEST_SIDE): Size {
  const scale = Math.min(1, longest / Math.max(width, height, 1))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/** Whether a photo has the least width and height asked for. */
export function isLargeEnough({ width, height }: Size, least: Size): boolean {
  return width >= least.width && height >= least.height
}
