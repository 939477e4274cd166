/** What a test asks for by name: a way, a server behind it, its floor, and phones, all of them its own and gone after it. */

import { expect, test as plain } from '@playwright/test'

import { makeFloor } from './floor.js'
import { Phone } from './phone.js'
import { Server } from './server.js'
import { Way } from './way.js'

export { expect }

export const test = plain.extend({
  way: async ({}, use) => {
    const way = await Way.open()
    await use(way)
    await way.close()
  },

  server: async ({ way }, use) => {
    const server = await Server.start({}, way)
    await use(server)
    await server.stop()
  },

  /** What the floor is made of, where a test wants another one: `{ quantity, stages }`. */
  made: [{}, { option: true }],

  floor: async ({ server, made }, use) => use(await makeFloor(server, made.quantity, made.stages)),

  /** Opens phones; none of them may have met an error that nobody caught. */
  phones: async ({ floor }, use) => {
    const phones = []
    const keep = (phone) => (phones.push(phone), phone)
    await use({
      floor,
      untouched: async (options) => keep(await Phone.open(floor.server, options)),
      atWork: async (options) => keep(await Phone.atWork(floor, options)),
    })
    const errors = phones.flatMap((phone) => phone.errors)
    for (const phone of phones) await phone.close()
    expect(errors).toEqual([])
  },

  phone: async ({ phones }, use) => use(await phones.atWork()),
})
