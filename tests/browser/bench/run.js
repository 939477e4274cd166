/** `./dev bench web [--quick] [--json FILE]`: what the handheld does in a browser, measured. What each line is: docs/benchmarks.md. */

import { appendFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { decoders } from './decoders.js'
import { inWords } from './figure.js'
import { firstLoad } from './first_load.js'
import { atWork } from './at_work.js'
import { opening } from './opening.js'

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } } })

if (options.quick) console.log('everything is small and short: these figures mean nothing')
for (const measure of [decoders, firstLoad, opening, atWork]) {
  try {
    for (const figure of await measure(options.quick)) {
      const line = JSON.stringify(figure)
      console.log(`${inWords(figure)}\n${line}`)
      if (options.json !== undefined) appendFileSync(options.json, `${line}\n`)
    }
  } catch (error) {
    // The others can be measured all the same.
    console.error(`${measure.name} was not measured:`, error)
    process.exitCode = 1
  }
}
