import { floor } from '../floor.svelte'

/** What a scanned text stands for, as people call it; the text itself where that is all there is. */
export async function scannedName(raw: string): Promise<string> {
  const resolved = await floor.core.resolve(raw).catch(() => null)
  switch (resolved?.kind) {
    case 'item':
      return resolved.code ?? raw
    case 'location':
    case 'user':
      return resolved.name ?? raw
    default:
      return raw
  }
}
