import type { Refused } from './contract'

/** Wrong in a way that a person mends; `code` is for message catalogues. */
export class Refusal extends Error {
  constructor(readonly refused: Refused | { code: string; message: string }) {
    super(refused.message)
  }
}
