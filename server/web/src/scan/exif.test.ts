import { expect, test } from 'vitest'

import { takeExif, upright, withExif } from './exif'

/** Little-endian, one entry: the orientation. */
const SEGMENT = [0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]
const JFIF = [0xff, 0xe0, 0, 4, 1, 2]
const REST = [0xff, 0xda, 0, 2, 9, 9, 0xff, 0xd9]

const jpeg = (...parts: number[][]): Uint8Array => new Uint8Array([0xff, 0xd8, ...parts.flat(), ...REST])

test('the segment is found behind others, and put into another picture', () => {
  const taken = takeExif(jpeg(JFIF, SEGMENT))
  expect([...(taken ?? [])]).toEqual(SEGMENT)
  const again = withExif(jpeg(JFIF), new Uint8Array(SEGMENT))
  expect([...(takeExif(again) ?? [])]).toEqual(SEGMENT)
  expect(again.length).toBe(jpeg(JFIF).length + SEGMENT.length)
})

test('a picture that was drawn upright says so', () => {
  const turned = upright(new Uint8Array(SEGMENT))
  expect(turned[28]).toBe(1)
  expect(SEGMENT[28]).toBe(6)
})

test('what is torn, or no picture, has none and breaks nothing', () => {
  expect(takeExif(jpeg(JFIF))).toBeNull()
  expect(takeExif(new Uint8Array([0x89, 0x50]))).toBeNull()
  for (let length = 0; length < 40; length++) {
    takeExif(jpeg(JFIF, SEGMENT).slice(0, length))
    upright(new Uint8Array(SEGMENT).slice(0, length))
  }
})
