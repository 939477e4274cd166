import { en } from './en'
import type { Words } from './say.svelte'

export const es: Words = en
