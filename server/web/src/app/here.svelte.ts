/** Where the person is: the part of the address behind `#/`, in pieces. */
class Here {
  path = $state.raw<readonly string[]>(read())

  constructor() {
    addEventListener('hashchange', () => (this.path = read()))
  }

  get screen(): string {
    return this.path[0] ?? 'scan'
  }
}

function read(): string[] {
  const pieces = location.hash.replace(/^#\/?/, '').split('/').filter(Boolean)
  return pieces.length ? pieces.map(decoded) : ['scan']
}

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece)
  } catch {
    return piece
  }
}

export const here = new Here()

export function to(...pieces: string[]): string {
  return `#/${pieces.map(encodeURIComponent).join('/')}`
}

export function go(...pieces: string[]): void {
  location.hash = to(...pieces)
}

/** Whether the person is still at this place when something that was begun here is over. */
export function stillHere(): () => boolean {
  const at = location.hash
  return () => location.hash === at
}

/** Goes there without leaving this screen behind in the history. */
export function goInstead(...pieces: string[]): void {
  location.replace(to(...pieces))
}
