import type { Api } from './api'
import type { Happening, Id } from './contract'

interface Event {
  kind: string
  actor?: { name: string } | null
  occurred_at: string
  data?: Record<string, unknown> | null
}

/** All that the server tells of an item, oldest first. */
export async function history(api: Api, id: Id): Promise<Happening[]> {
  const told: Happening[] = []
  let cursor: string | null = null
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: { data: Event[]; next_cursor?: string | null } = await api.json(`/v1/items/${id}/events?limit=200${after}`)
    for (const event of page.data) told.push({ kind: event.kind, by_name: event.actor?.name ?? null, at: event.occurred_at, data: event.data ?? {} })
    cursor = page.next_cursor ?? null
  } while (cursor !== null)
  return told
}
