import { expect, test, vi } from 'vitest'

import { Problem, type Api } from './api'
import type { Notice } from './contract'
import { exportFile } from './export'
import { Files } from './files'
import type { KeptFile, Storage } from './storage'
import { Uploads } from './uploads'

const photo = (sha256: string): KeptFile => ({ sha256, size: 3, mime: 'image/png', bytes: new Uint8Array([1, 2, 3]).buffer, location: null, sent: 0, kept_time: 1 })

/** One that gives a file only after the one before was let go. */
function storing(...kept: KeptFile[]) {
  const files = new Map(kept.map((file) => [file.sha256, file]))
  const storage = {
    knownFiles: async () => [...files.values()].map(({ bytes: _, location: __, ...known }) => known),
    async *files() {
      for (const file of [...files.values()]) yield file
    },
    file: async (hash: string) => files.get(hash) ?? null,
    setFile: vi.fn(async (file: KeptFile) => void files.set(file.sha256, file)),
    dropFile: async (hash: string) => void files.delete(hash),
    load: async () => ({ entries: [], leases: [] }),
  }
  return { files, storage: storage as unknown as Storage & { setFile: typeof storage.setFile } }
}

const nobody = {} as Api

test('a phone with many photos opens without reading any of them', async () => {
  const { storage } = storing({ ...photo('a'), sent: 1 }, { ...photo('b'), kept_time: 2, refused: 'No picture.' })
  const reading = [vi.spyOn(storage, 'file'), vi.spyOn(storage, 'files')]
  const files = await Files.of(storage, nobody, () => undefined)
  expect(files.unsent(['a', 'b', 'c'])).toEqual({ count: 2, bytes: 5 })
  expect(files.waiting(['b', 'a'])).toEqual([
    { sha256: 'a', size: 3, sent: 1, refused: null },
    { sha256: 'b', size: 3, sent: 0, refused: 'No picture.' },
  ])
  for (const read of reading) expect(read).not.toHaveBeenCalled()
})

test('files are taken off a phone one after the other', async () => {
  const { storage } = storing(photo('a'), photo('b'))
  const out = await exportFile(storage, { id: 'd', name: '', site_id: '', digits: null, state: 'active' })
  const [, ...lines] = (await out.text()).trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual(['a', 'b'].map((sha256) => ({ line: 'file', sha256, mime: 'image/png', size: 3, base64url: 'AQID' })))
})

test('a picture that is kept again goes on from where it was, and one that the server has is not sent again', async () => {
  const { storage, files: kept } = storing()
  const files = await Files.of(storage, nobody, () => undefined)
  const bytes = new Uint8Array([1, 2, 3]).buffer
  const { sha256 } = await files.keep(bytes, 'image/png', null, async () => true)
  files.moved({ ...photo(sha256), sent: 2 })
  await files.keep(bytes, 'image/png', null, async () => true)
  expect(storage.setFile).toHaveBeenCalledTimes(1)
  expect(files.standing({ sha256, size: 3 })).toMatchObject({ sent: 2, done: false })

  await files.forget(sha256)
  await files.keep(bytes, 'image/png', null, async () => false)
  expect(files.standing({ sha256, size: 3 })).toMatchObject({ sent: 3, done: true })
  expect(kept.size).toBe(0)
})

test('bytes that a full phone cannot note do not stay on it, unless they were here before', async () => {
  const { storage, files: kept } = storing()
  const files = await Files.of(storage, nobody, () => undefined)
  const [bytes, full] = [new Uint8Array([1, 2, 3]).buffer, new Error('full')]
  await expect(files.keep(bytes, 'image/png', null, () => Promise.reject(full))).rejects.toBe(full)
  expect(kept.size).toBe(0)

  const { sha256 } = await files.keep(bytes, 'image/png', null, async () => true)
  await expect(files.keep(bytes, 'image/png', null, () => Promise.reject(full))).rejects.toBe(full)
  expect([...kept.keys()]).toEqual([sha256])
  expect(files.unsent([sha256]).count).toBe(1)
})

test('a photo that the server does not take says why, and is not sent again before the next start', async () => {
  const { storage } = storing(photo('a'))
  const told: Notice['kind'][] = []
  const send = vi.fn(async () => {
    throw new Problem(415, 'UNSUPPORTED', 'The bytes are no picture.')
  })
  const files = await Files.of(storage, nobody, ({ kind }) => told.push(kind))
  const uploads = new Uploads({ send } as unknown as Api, storage, () => ['a'], (file) => files.moved(file), () => undefined, () => undefined)
  uploads.wake()
  await vi.waitFor(() => expect(files.waiting(['a'])).toEqual([{ sha256: 'a', size: 3, sent: 0, refused: 'The bytes are no picture.' }]))
  expect(told).toContain('floor')
  uploads.wake()
  await new Promise((soon) => setTimeout(soon))
  expect(send).toHaveBeenCalledTimes(1)
  expect((await Files.of(storage, nobody, () => undefined)).waiting(['a'])).toMatchObject([{ refused: 'The bytes are no picture.' }])
})

test('on a full phone a photo goes up though no word of its progress can be kept', async () => {
  const { storage } = storing({ ...photo('a'), location: '/v1/uploads/1' })
  storage.setFile.mockRejectedValue(new Error('full'))
  const answers = [new Response(null, { headers: { 'Upload-Offset': '0' } }), new Response(null, { headers: { 'Upload-Offset': '3' } })]
  const uploaded = vi.fn()
  const uploads = new Uploads({ sendOnce: async () => answers.shift() } as unknown as Api, storage, () => ['a'], () => undefined, uploaded, () => undefined)
  uploads.wake()
  await vi.waitFor(() => expect(uploaded).toHaveBeenCalledWith('a'))
})
