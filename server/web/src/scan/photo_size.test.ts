import { expect, test } from 'vitest'

import { fitted, isLargeEnough } from './photo_size'
import { behindGuide, inBox } from './region'

test('a photo keeps its shape within 2048 pixels', () => {
  expect(fitted({ width: 9000, height: 6700 })).toEqual({ width: 2048, height: 1525 })
  expect(fitted({ width: 3000, height: 4000 })).toEqual({ width: 1536, height: 2048 })
})

test('a small photo is not made larger, and a thin one not to nothing', () => {
  expect(fitted({ width: 640, height: 480 })).toEqual({ width: 640, height: 480 })
  expect(fitted({ width: 60_000, height: 3 })).toEqual({ width: 2048, height: 1 })
})

test('width and height are both asked for', () => {
  expect(isLargeEnough({ width: 640, height: 480 }, { width: 640, height: 480 })).toBe(true)
  expect(isLargeEnough({ width: 640, height: 479 }, { width: 640, height: 480 })).toBe(false)
})

test('what is decoded is what the guide shows, in the middle of what can be seen', () => {
  const region = behindGuide({ width: 1280, height: 960 }, { width: 360, height: 480 })
  expect(region).toEqual({ x: 294, y: 134, width: 693, height: 693 })
  const wide = behindGuide({ width: 1280, height: 720 }, { width: 360, height: 700 })
  expect(wide.width).toBeLessThanOrEqual(1280)
  expect(wide.x + wide.width / 2).toBeCloseTo(640, 0)
})

test('the middle of the picture is the middle of the box', () => {
  expect(inBox({ x: 640, y: 480 }, { width: 1280, height: 960 }, { width: 360, height: 480 })).toEqual({ x: 180, y: 240 })
})
