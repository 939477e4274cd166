export { say, words, type Key, type Words } from './say.svelte'
export { LANGUAGES, NAMES, type Language } from './languages'
export { ago, clock, count, day, duration, number, size } from './format'
export { REASONS, why, type Why } from './why'
