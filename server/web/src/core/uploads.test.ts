import { expect, test, vi } from 'vitest'

import type { Api } from './api'
import type { Storage } from './storage'
import { Uploads } from './uploads'

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
