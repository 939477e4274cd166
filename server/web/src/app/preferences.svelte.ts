import { languageOfPhone, LANGUAGES, directionOf, type Language } from '../words/languages'
import { words } from '../words/say.svelte'

export type Terminator = 'Enter' | 'Tab' | 'pause'

/** How one person likes this phone. */
export interface Likes {
  language: Language
  text: 1 | 2 | 3
  theme: 'auto' | 'light' | 'dark'
  contrast: boolean
  hand: 'right' | 'left'
  sound: boolean
  vibration: boolean
  terminator: Terminator
  /** Told of things while the app is closed. */
  notices: boolean
}

const KEPT_AS = 'floorline.likes'

const ORDINARY: Likes = {
  language: languageOfPhone(navigator.languages),
  text: 1,
  theme: 'auto',
  contrast: matchMedia('(prefers-contrast: more)').matches,
  hand: 'right',
  sound: true,
  vibration: true,
  terminator: 'Enter',
  notices: false,
}

class Preferences {
  likes = $state.raw<Likes>(kept())
  private darkness = matchMedia('(prefers-color-scheme: dark)')

  constructor() {
    this.darkness.addEventListener('change', () => this.dress())
    this.dress()
  }

  async set(change: Partial<Likes>): Promise<void> {
    this.likes = { ...this.likes, ...change }
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify(this.likes))
    } catch {
      // Private windows keep nothing; the choice holds until the page goes.
    }
    await this.apply()
  }

  async apply(): Promise<void> {
    this.dress()
    try {
      await words.speak(this.likes.language)
    } catch {
      await words.speak('en')
    }
    document.documentElement.lang = words.language
    document.documentElement.dir = directionOf(words.language)
  }

  private dress(): void {
    const { theme, contrast, hand, text } = this.likes
    const dark = theme === 'dark' || (theme === 'auto' && this.darkness.matches)
    Object.assign(document.documentElement.dataset, {
      theme: dark ? 'dark' : 'light',
      contrast: contrast ? 'high' : 'normal',
      hand,
      text: String(text),
    })
  }
}

function kept(): Likes {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? '{}')
    const likes = { ...ORDINARY, ...(typeof found === 'object' ? found : {}) } as Likes
    return LANGUAGES.includes(likes.language) ? likes : { ...likes, language: ORDINARY.language }
  } catch {
    return ORDINARY
  }
}

export const preferences = new Preferences()
