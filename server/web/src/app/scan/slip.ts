import type { Resolved } from '../../core/contract'
import { readLabelCode } from '../../scan/label_code'

/** The label's code that was misread or mistyped; null when there is no slip in it. The core takes a bare one for a text, which it may be. */
export function slipIn(resolved: Resolved, raw: string): string | null {
  if (resolved.kind === 'unsound') return resolved.code
  const label = resolved.kind === 'text' ? readLabelCode(raw) : null
  return label && !label.sound ? label.text : null
}
