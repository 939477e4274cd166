import { afterEach, expect, test, vi } from 'vitest'

import type { Api } from './api'
import type { Storage } from './storage'
import { Uploads } from './uploads'

afterEach(() => void vi.useRealTimers())

test('a file that waits though its bytes are not kept any more is said to be gone, and one that cannot be read now is not', async () => {
  const gone: string[] = []
  const storage = {
    file: (sha256: string) => (sha256 === 'gone' ? Promise.resolve(null) : Promise.reject(new Error('the database closes'))),
  }
  const asked = vi.fn()
  const uploads = new Uploads(
    { send: asked } as unknown as Api,
    storage as unknown as Storage,
    () => ['unreadable', 'gone'],
    () => undefined,
    () => undefined,
    (sha256) => gone.push(sha256),
  )
  uploads.wake()
  await vi.waitFor(() => expect(gone).toEqual(['gone']))
  uploads.close()
  expect(asked).not.toHaveBeenCalled()
})

test('after it is closed the file under way is the last one, and nothing is tried again', async () => {
  vi.useFakeTimers()
  let fail = (_error: Error): void => undefined
  const asked: string[] = []
  const storage = {
    file: (sha256: string) => {
      asked.push(sha256)
      return new Promise<null>((_, reject) => (fail = reject))
    },
  }
  const uploads = new Uploads(
    {} as Api,
    storage as unknown as Storage,
    () => ['a', 'b'],
    () => undefined,
    () => undefined,
    () => undefined,
  )
  uploads.wake()
  uploads.close()
  fail(new Error('the database closes'))
  await vi.advanceTimersByTimeAsync(60_000)
  uploads.wake()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual(['a'])
})
