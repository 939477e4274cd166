const KEPT_AS = 'floorline.recent'
const MOST = 8

export interface Seen {
  id: string
  code: string
}

/** The items that were open last on this phone, the latest first. */
class Recent {
  items = $state.raw<readonly Seen[]>(kept())

  note({ id, code }: Seen): void {
    if (this.items[0]?.id === id && this.items[0].code === code) return
    this.items = [{ id, code }, ...this.items.filter((item) => item.id !== id)].slice(0, MOST)
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify(this.items))
    } catch {
      // Only a convenience: it lasts as long as the page.
    }
  }
}

function kept(): Seen[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? '[]')
    return Array.isArray(found) ? found.filter(isSeen).slice(0, MOST) : []
  } catch {
    return []
  }
}

function isSeen(entry: unknown): entry is Seen {
  return typeof entry === 'object' && entry !== null && 'id' in entry && typeof entry.id === 'string' && 'code' in entry && typeof entry.code === 'string'
}

export const recent = new Recent()
