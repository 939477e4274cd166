import type { ActLine } from '../../core/contract'
import { say } from '../../words'

/** What somebody decided of work that had to wait for it, and by whom. */
export const decision = ({ state, by_name }: NonNullable<ActLine['decided']>): string => say(`unsent.${state}`, { name: by_name ?? say('why.someone') })
