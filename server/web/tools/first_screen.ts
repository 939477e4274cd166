/** What the first screen needs is one file: each further one costs a request's headers and a way there and back. */

import type { Rolldown } from 'vite'

/** Names the first screen's file for all that the entry imports at once; what is imported later goes its own way. */
export function firstScreen(entry: string): Rolldown.CodeSplittingNameFunction {
  const needed = new Set<string>()

  function collect(id: string, context: Rolldown.ChunkingContext): void {
    if (needed.has(id)) return
    needed.add(id)
    for (const imported of context.getModuleInfo(id)?.importedIds ?? []) collect(imported, context)
  }

  return (id, context) => {
    collect(entry, context)
    return needed.has(id) ? 'app' : null
  }
}
