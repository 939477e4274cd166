import { say } from '../../words'

/** What the server answers when something that a person entered is wrong or used up. */
const ENTERED = new Set(['WRONG_CREDENTIALS', 'WRONG_PIN', 'NOT_FOUND', 'STATE_CONFLICT', 'EXPIRED', 'INVALID', 'BAD_REQUEST'])

/** Why a door stayed shut, when that is not for what the person entered; null: what they entered is wrong. */
export function noAnswer(fault: unknown): string | null {
  const code = typeof fault === 'object' && fault !== null && 'code' in fault ? String(fault.code) : ''
  if (code === 'NO_NETWORK') return say('app.offline.failed')
  if (code === 'SIGN_IN_AGAIN') return say('signin.again')
  if (code === 'TOO_MANY') return say('app.tooMany')
  return ENTERED.has(code) ? null : say('app.failed')
}
