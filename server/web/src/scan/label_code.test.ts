import { expect, test } from 'vitest'

import { checkCharacters, readLabelCode, stillMissing } from './label_code'

test('check characters are those of the standard', () => {
  expect(checkCharacters('ISO79')).toBe('3W')
})

const BODY = 'M0123456789AB'
const CODE = BODY + checkCharacters(BODY)

test('a label is read from its address, in pieces, and in small letters', () => {
  for (const text of [CODE, `HTTPS://FLOOR.EXAMPLE/Q/${CODE}`, CODE.toLowerCase(), CODE.replace(/(.{5})/g, '$1 '), CODE.replaceAll('0', 'O').replaceAll('1', 'l')]) {
    expect(readLabelCode(text), text).toEqual({ text: CODE, sound: true })
  }
})

test('one wrong character and two neighbours exchanged are noticed', () => {
  for (let at = 1; at < BODY.length; at++) {
    const other = BODY[at] === '7' ? '8' : '7'
    expect(readLabelCode(CODE.slice(0, at) + other + CODE.slice(at + 1))?.sound).toBe(false)
  }
  expect(readLabelCode(`M1023456789AB${CODE.slice(-2)}`)?.sound).toBe(false)
})

test('what is no label is none', () => {
  expect(readLabelCode('JKT-AURORA-M-0042')).toBeNull()
  expect(readLabelCode('')).toBeNull()
  expect(stillMissing('M0123')).toBe(10)
  expect(stillMissing('JKT')).toBeNull()
})
