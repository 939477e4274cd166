import { beforeEach, describe, expect, test } from 'vitest'

import type { Terminator } from '../app/preferences.svelte'
import { checkCharacters } from './label_code'
import { TICK_MS, Wedge, type Heard } from './wedge'

const BODY = 'M0123456789AB'
const CODE = BODY + checkCharacters(BODY)

const SCANNER_MS = 8
const PERSON_MS = 140

let codes: string[]
let time: number
let wedge: Wedge
let terminator: Terminator

beforeEach(() => {
  codes = []
  time = 1000
  terminator = 'Enter'
  wedge = new Wedge(() => terminator, (code) => codes.push(code))
})

function type(text: string, every: number, inField = false): Heard[] {
  return [...text].map((key) => press(key, every, inField))
}

function press(key: string, after: number, inField = false): Heard {
  time += after
  return wedge.press({ key, time, inField })
}

function wait(ms: number): void {
  for (const end = time + ms; time < end; ) wedge.pass((time += TICK_MS))
}

describe('a scanner', () => {
  test('is recognised by its speed, and its terminator presses nothing', () => {
    type(CODE, SCANNER_MS)
    expect(press('Enter', SCANNER_MS)).toEqual({ swallow: true, clean: false })
    expect(codes).toEqual([CODE])
  })

  test('is heard out by a phone so busy that it hears the keys late', () => {
    type(CODE.slice(0, 6), SCANNER_MS)
    wedge.pass(time + 900)
    type(CODE.slice(6), SCANNER_MS)
    press('Enter', SCANNER_MS)
    expect(codes).toEqual([CODE])
  })

  test('is heard out by a phone that hears every key late', () => {
    const late = 4_000
    const hear = (text: string, terminated: boolean) => {
      for (const key of text) wedge.press({ key, time: (time += SCANNER_MS), inField: false }, time + late)
      wedge.pass(time + late + 10)
      if (terminated) wedge.press({ key: 'Enter', time: (time += SCANNER_MS), inField: false }, time + late)
      wedge.pass(time + late + 10)
    }
    hear(CODE.slice(0, 6), true)
    time += 300
    hear(CODE.slice(6, 9), false)
    hear(CODE.slice(9), true)
    expect(codes).toEqual([CODE])
  })

  test('whose keys were pressed while the page could hear nothing is not taken for one that stopped', () => {
    terminator = 'pause'
    type('PO-2026', SCANNER_MS)
    wedge.pass(time + TICK_MS)
    wedge.pass(time + 2_000)
    expect(codes).toEqual([])
    type('-0041', SCANNER_MS)
    wait(200)
    expect(codes).toEqual(['PO-2026-0041'])
  })

  test('may hold Shift for capitals', () => {
    for (const key of CODE) {
      press('Shift', 3)
      press(key, 5)
    }
    press('Enter', 5)
    expect(codes).toEqual([CODE])
  })

  test('may end with a tab, or with a pause', () => {
    terminator = 'Tab'
    type('PO-2026-0041', SCANNER_MS)
    expect(press('Tab', SCANNER_MS).swallow).toBe(true)
    terminator = 'pause'
    type('PO-2026-0042', SCANNER_MS)
    wait(200)
    expect(codes).toEqual(['PO-2026-0041', 'PO-2026-0042'])
  })

  test('that reads two labels in a row gives two codes', () => {
    type(CODE, SCANNER_MS)
    press('Enter', SCANNER_MS)
    type('item:4711', SCANNER_MS)
    press('Enter', SCANNER_MS)
    expect(codes).toEqual([CODE, 'item:4711'])
  })

  test('has its keys taken out of a field of a person', () => {
    type(CODE, SCANNER_MS, true)
    expect(press('Enter', SCANNER_MS, true)).toEqual({ swallow: true, clean: true })
    expect(codes).toEqual([CODE])
  })
})

describe('a code in two pieces', () => {
  test('is put together when the radio stumbled in its middle', () => {
    type(CODE.slice(0, 6), SCANNER_MS)
    time += 300
    type(CODE.slice(6), SCANNER_MS)
    press('Enter', SCANNER_MS)
    expect(codes).toEqual([CODE])
  })

  test('is put together when a terminator slipped in', () => {
    type(CODE.slice(0, 9), SCANNER_MS)
    press('Enter', SCANNER_MS)
    expect(codes).toEqual([])
    time += 200
    type(CODE.slice(9), SCANNER_MS)
    press('Enter', SCANNER_MS)
    expect(codes).toEqual([CODE])
  })

  test('is put together when only its last character is left', () => {
    type(CODE.slice(0, 14), SCANNER_MS)
    press('Enter', SCANNER_MS)
    press(CODE.slice(14), 100)
    press('Enter', SCANNER_MS)
    expect(codes).toEqual([CODE])
  })

  test('is told as it is when the other piece never comes', () => {
    type('MIXED', SCANNER_MS)
    press('Enter', SCANNER_MS)
    expect(codes).toEqual([])
    wait(700)
    expect(codes).toEqual(['MIXED'])
    expect(wedge.isQuiet).toBe(true)
  })

  test('is not made of two codes', () => {
    type('MIXED', SCANNER_MS)
    press('Enter', SCANNER_MS)
    time += 200
    type(CODE, SCANNER_MS)
    press('Enter', SCANNER_MS)
    expect(codes).toEqual(['MIXED', CODE])
  })
})

describe('a person', () => {
  test('types, and nothing is taken', () => {
    const heard = [...type('hello world', PERSON_MS, true), press('Enter', PERSON_MS, true)]
    expect(heard.every(({ swallow, clean }) => !swallow && !clean)).toBe(true)
    wait(2000)
    expect(codes).toEqual([])
  })

  test('rolls over three keys and Enter, and nothing is taken', () => {
    type('asd', 15, true)
    expect(press('Enter', 15, true)).toEqual({ swallow: false, clean: false })
    wait(2000)
    expect(codes).toEqual([])
  })

  test('presses Enter on a button, and it is pressed', () => {
    expect(press('Enter', 500)).toEqual({ swallow: false, clean: false })
    expect(press('Enter', 10)).toEqual({ swallow: false, clean: false })
  })

  test('has typed what is in the field when a scan begins right behind it', () => {
    const quiet = () => wedge.isQuietAt(time + PERSON_MS)
    type('hello', PERSON_MS, true)
    expect(quiet()).toBe(true)
    type(CODE.slice(0, 9), SCANNER_MS, true)
    expect(quiet()).toBe(false)
  })

  test('moves the cursor between two keys, and they are no burst', () => {
    type('M012', SCANNER_MS)
    press('ArrowLeft', SCANNER_MS)
    press('Enter', SCANNER_MS)
    expect(codes).toEqual([])
  })
})

describe('a field that takes readings', () => {
  const isForField = (text: string) => /^\d+(\.\d+)?$/.test(text)
  const intoField = (text: string) => [...text, 'Enter'].map((key) => wedge.press({ key, time: (time += SCANNER_MS), inField: true, isForField }))

  test('keeps what a gauge types, and hears its Enter', () => {
    expect(intoField('10.1542').at(-1)).toEqual({ swallow: false, clean: false })
    expect(codes).toEqual([])
  })

  test('gives back a label that is scanned into it', () => {
    expect(intoField(CODE).at(-1)).toEqual({ swallow: true, clean: true })
    expect(codes).toEqual([CODE])
  })

  test('keeps the reading of a gauge that ends with a pause', () => {
    terminator = 'pause'
    for (const key of '10.1542') wedge.press({ key, time: (time += SCANNER_MS), inField: true, isForField })
    wait(200)
    expect(codes).toEqual([])
  })
})
