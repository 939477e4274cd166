import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { Missing } from './missing'

let kept: string[]
let asked: string[]
let answers: (() => Promise<void>)[]

const keep = async (topics: string[]) => void (kept = topics)
const fetched = (topic: string) => {
  asked.push(topic)
  return (answers.shift() ?? (async () => undefined))()
}
const failing = () => Promise.reject(new Error('503'))

beforeEach(() => {
  vi.useFakeTimers()
  ;[kept, asked, answers] = [[], [], []]
})

afterEach(() => {
  vi.useRealTimers()
})

test('what is missing is fetched again until it is here, and kept in mind until then', async () => {
  const missing = new Missing([], keep, fetched)
  answers = [failing, failing]
  missing.want('site:a')
  await vi.advanceTimersByTimeAsync(2_000)
  expect(kept).toEqual(['site:a'])
  await vi.advanceTimersByTimeAsync(60_000)
  expect([asked.length, kept]).toEqual([3, []])
})

test('what was missing when the app ended is fetched when it starts and there is a connection', async () => {
  const missing = new Missing(['site:a'], keep, fetched)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual([])
  missing.wake()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(asked).toEqual(['site:a'])
})

test('what is asked for while an answer is on its way is fetched once more', async () => {
  let arrive = (): void => undefined
  answers = [() => new Promise((resolve) => (arrive = resolve))]
  const missing = new Missing([], keep, fetched)
  missing.want('site:a')
  await vi.advanceTimersByTimeAsync(2_000)
  missing.want('site:a')
  arrive()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual(['site:a', 'site:a'])
})

test('after it is closed nothing is asked for, and nothing forgotten', async () => {
  let arrive = (): void => undefined
  answers = [() => new Promise((resolve) => (arrive = resolve))]
  const missing = new Missing([], keep, fetched)
  missing.want('site:a')
  await vi.advanceTimersByTimeAsync(2_000)
  missing.close()
  arrive()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([asked.length, kept]).toEqual([1, ['site:a']])
})
