/** The languages of the app, in the order of the list, each by its own name. */
export const NAMES = {
  en: 'English',
  es: 'Español',
  pt: 'Português',
  vi: 'Tiếng Việt',
  bn: 'বাংলা',
} as const

export type Language = keyof typeof NAMES

export const LANGUAGES = Object.keys(NAMES) as Language[]

const RIGHT_TO_LEFT = new Set(['ar', 'fa', 'he', 'ur'])

export function directionOf(language: string): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.has(language) ? 'rtl' : 'ltr'
}

/** The first of the phone's languages that the app speaks. */
export function languageOfPhone(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const known = LANGUAGES.find((language) => language === tag.toLowerCase().split('-')[0])
    if (known) return known
  }
  return 'en'
}
