import type { Core } from './contract'

export async function openCore(): Promise<Core> {
  throw new Error('the core of the handheld is not built in')
}
