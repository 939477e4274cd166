import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { Core, initSync } from '../../src/core/wasm/core'

interface Recorded {
  opening: string
  kept: string
  calls: { name: string; args: string[]; time: number; answer: string }[]
}

const EPOCH = 1_763_600_000_000

/** As `mobile-sync/tests/web/main.rs` makes them over the native build. */
function answer(core: Core, { name, args, time }: Recorded['calls'][number]): string {
  const first = args[0] ?? ''
  const now = [EPOCH + time, time] as const
  switch (name) {
    case 'opened':
    case 'waitingFiles':
    case 'state':
    case 'queues':
    case 'acts':
      return core[name]()
    case 'give':
    case 'signIn':
    case 'act':
    case 'scan':
    case 'item':
      return core[name](first, ...now)
    case 'resolve':
    case 'keepFile':
    case 'items':
    case 'rows':
      return core[name](first)
    case 'lookedAt':
      return core.lookedAt(Number(first))
    case 'hello':
      return core.hello(...now)
    case 'journal':
      return core.journal(undefined, Number(first))
    default:
      throw new Error(`there is no call ${name}`)
  }
}

test('the WebAssembly core answers every recorded call as the native one, to the byte', () => {
  const recorded = JSON.parse(readFileSync(new URL('../../../../fixtures/protocol/calls.json', import.meta.url), 'utf8')) as Recorded
  initSync({ module: readFileSync(new URL('../../src/core/wasm/core_bg.wasm', import.meta.url)) })
  const core = Core.open(recorded.opening, recorded.kept)
  for (const call of recorded.calls) {
    let said: string
    try {
      said = answer(core, call)
    } catch (error) {
      said = `error: ${String(error)}`
    }
    expect(said, `${call.name} at ${call.time}`).toBe(call.answer)
  }
})
