/**
 * Text as a QR code (ISO/IEC 18004), byte mode, error correction level L: shown on one screen and read from it by another, so that damage is
 * not to be expected and size is what counts.
 */

/** Correction bytes of each block, by version. */
const CORRECTION = [
  7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
]
/** Blocks, by version. */
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25]

const LEVEL_L = 1
const BYTES = 0b0100

type Grid = boolean[][]

interface Shape {
  version: number
  side: number
  blocks: number
  correction: number
  /** Bytes in all, data and correction. */
  total: number
}

/** The dark modules, row by row, without the quiet zone. */
export function drawCode(text: string): Grid {
  const bytes = new TextEncoder().encode(text)
  const shape = smallestFor(bytes.length)
  const { dark, taken } = frame(shape)
  place(dark, taken, interleaved(padded(bytes, shape), shape))
  return bestMask(dark, taken)
}

function smallestFor(length: number): Shape {
  for (let version = 1; version <= 40; version++) {
    const shape = shapeOf(version)
    const header = 4 + (version < 10 ? 8 : 16)
    if (header + 8 * length <= 8 * (shape.total - shape.blocks * shape.correction)) return shape
  }
  throw new RangeError('the text does not fit a code')
}

function shapeOf(version: number): Shape {
  const side = 17 + 4 * version
  const marks = alignmentsOf(version, side).length
  const patterns = marks === 0 ? 0 : 25 * (marks * marks - 3) - 10 * (marks - 2)
  const versionBits = version < 7 ? 0 : 36
  const free = side * side - 3 * 64 - 2 * (side - 16) - 31 - patterns - versionBits
  return { version, side, blocks: BLOCKS[version - 1] ?? 1, correction: CORRECTION[version - 1] ?? 0, total: Math.floor(free / 8) }
}

/** Where the small squares stand, along both sides. */
function alignmentsOf(version: number, side: number): number[] {
  if (version === 1) return []
  const count = Math.floor(version / 7) + 2
  const step = version === 32 ? 26 : Math.ceil((side - 13) / (2 * count - 2)) * 2
  return [6, ...Array.from({ length: count - 1 }, (_, index) => side - 7 - step * (count - 2 - index))]
}

function padded(bytes: Uint8Array, { version, total, blocks, correction }: Shape): Uint8Array {
  const data = new Uint8Array(total - blocks * correction)
  let at = 0
  const put = (value: number, width: number): void => {
    for (let bit = width - 1; bit >= 0; bit--, at++) data[at >> 3] = (data[at >> 3] ?? 0) | (((value >> bit) & 1) << (7 - (at & 7)))
  }
  put(BYTES, 4)
  put(bytes.length, version < 10 ? 8 : 16)
  for (const byte of bytes) put(byte, 8)
  const end = Math.min(data.length, Math.ceil((at + 4) / 8))
  data.subarray(end).forEach((_, index) => (data[end + index] = index % 2 === 0 ? 0xec : 0x11))
  return data
}

function interleaved(data: Uint8Array, { blocks, correction, total }: Shape): Uint8Array {
  const short = Math.floor(data.length / blocks)
  const longer = data.length % blocks
  const divisor = generator(correction)
  let from = 0
  const parts = Array.from({ length: blocks }, (_, index) => {
    const part = data.subarray(from, (from += short + (index >= blocks - longer ? 1 : 0)))
    return { part, check: remainder(part, divisor) }
  })
  const out = new Uint8Array(total)
  let at = 0
  for (let index = 0; index <= short; index++) {
    for (const { part } of parts) {
      const byte = part[index]
      if (byte !== undefined) out[at++] = byte
    }
  }
  for (let index = 0; index < correction; index++) for (const { check } of parts) out[at++] = check[index] ?? 0
  return out
}

/** In the field of 256 elements over x⁸ + x⁴ + x³ + x² + 1. */
function times(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product >> 7) * 0x11d)
    product ^= ((b >> bit) & 1) * a
  }
  return product
}

function generator(degree: number): Uint8Array {
  const factors = new Uint8Array(degree)
  factors[degree - 1] = 1
  let root = 1
  for (let step = 0; step < degree; step++) {
    for (let at = 0; at < degree; at++) factors[at] = times(factors[at] ?? 0, root) ^ (factors[at + 1] ?? 0)
    root = times(root, 2)
  }
  return factors
}

function remainder(data: Uint8Array, divisor: Uint8Array): Uint8Array {
  const rest = new Uint8Array(divisor.length)
  for (const byte of data) {
    const factor = byte ^ (rest[0] ?? 0)
    rest.copyWithin(0, 1)
    rest[rest.length - 1] = 0
    divisor.forEach((value, index) => (rest[index] = (rest[index] ?? 0) ^ times(value, factor)))
  }
  return rest
}

/** Everything that is not data: the three corners, the lines between them, the small squares, the version, room for the format. */
function frame({ version, side }: Shape): { dark: Grid; taken: Grid } {
  const dark = emptyGrid(side)
  const taken = emptyGrid(side)
  const set = (x: number, y: number, value: boolean): void => {
    const row = dark[y]
    if (!row || x < 0 || x >= side) return
    row[x] = value
    mark(taken, x, y)
  }
  for (let at = 0; at < side; at++) {
    set(6, at, at % 2 === 0)
    set(at, 6, at % 2 === 0)
  }
  for (const [cornerX, cornerY] of [[3, 3], [side - 4, 3], [3, side - 4]] as const) {
    around(4, (dx, dy, ring) => set(cornerX + dx, cornerY + dy, ring !== 2 && ring !== 4))
  }
  const marks = alignmentsOf(version, side)
  const last = marks.length - 1
  marks.forEach((x, i) =>
    marks.forEach((y, j) => {
      const corner = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)
      if (!corner) around(2, (dx, dy, ring) => set(x + dx, y + dy, ring !== 1))
    }),
  )
  for (const { x, y } of formatPlaces(side).flat()) mark(taken, x, y)
  set(8, side - 8, true)
  if (version >= 7) {
    const bits = (version << 12) | checked(version, 0x1f25, 12)
    for (let bit = 0; bit < 18; bit++) {
      const [a, b] = [side - 11 + (bit % 3), Math.floor(bit / 3)]
      set(a, b, ((bits >> bit) & 1) === 1)
      set(b, a, ((bits >> bit) & 1) === 1)
    }
  }
  return { dark, taken }
}

function around(radius: number, draw: (dx: number, dy: number, ring: number) => void): void {
  for (let dy = -radius; dy <= radius; dy++) for (let dx = -radius; dx <= radius; dx++) draw(dx, dy, Math.max(Math.abs(dx), Math.abs(dy)))
}

/** The two places of the format, its lowest bit first. */
function formatPlaces(side: number): { x: number; y: number }[][] {
  const first = [0, 1, 2, 3, 4, 5, 7, 8].map((y) => ({ x: 8, y })).concat([7, 5, 4, 3, 2, 1, 0].map((x) => ({ x, y: 8 })))
  const second = Array.from({ length: 15 }, (_, bit) => (bit < 8 ? { x: side - 1 - bit, y: 8 } : { x: 8, y: side - 15 + bit }))
  return [first, second]
}

function checked(value: number, polynomial: number, degree: number): number {
  let rest = value
  for (let step = 0; step < degree; step++) rest = (rest << 1) ^ ((rest >> (degree - 1)) * polynomial)
  return rest
}

function place(dark: Grid, taken: Grid, bytes: Uint8Array): void {
  const side = dark.length
  let bit = 0
  let upwards = true
  for (let right = side - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5
    for (let step = 0; step < side; step++) {
      const y = upwards ? side - 1 - step : step
      for (const x of [right, right - 1]) {
        if (taken[y]?.[x]) continue
        const row = dark[y]
        if (row) row[x] = (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1
        bit++
      }
    }
    upwards = !upwards
  }
}

const MASKS: ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
]

function bestMask(dark: Grid, taken: Grid): Grid {
  const masked = MASKS.map((flips, number) => {
    const grid = dark.map((row, y) => row.map((value, x) => (taken[y]?.[x] ? value : value !== flips(x, y))))
    writeFormat(grid, number)
    return { grid, penalty: penaltyOf(grid) }
  })
  return masked.reduce((best, one) => (one.penalty < best.penalty ? one : best)).grid
}

function writeFormat(grid: Grid, mask: number): void {
  const value = (LEVEL_L << 3) | mask
  const bits = ((value << 10) | checked(value, 0x537, 10)) ^ 0x5412
  for (const places of formatPlaces(grid.length)) {
    places.forEach(({ x, y }, bit) => {
      const row = grid[y]
      if (row) row[x] = ((bits >> bit) & 1) === 1
    })
  }
}

/** How hard a grid is to read: long runs, squares of one colour, too much of one colour. */
function penaltyOf(grid: Grid): number {
  const side = grid.length
  const at = (x: number, y: number): boolean => grid[y]?.[x] ?? false
  let penalty = 0
  let darks = 0
  for (let a = 0; a < side; a++) {
    penalty += runs(side, (b) => at(b, a)) + runs(side, (b) => at(a, b))
    for (let b = 0; b < side; b++) {
      if (at(a, b)) darks++
      if (a > 0 && b > 0 && at(a, b) === at(a - 1, b) && at(a, b) === at(a, b - 1) && at(a, b) === at(a - 1, b - 1)) penalty += 3
    }
  }
  return penalty + 10 * Math.floor(Math.abs((20 * darks) / (side * side) - 10))
}

function runs(side: number, at: (index: number) => boolean): number {
  let penalty = 0
  let length = 1
  for (let index = 1; index <= side; index++) {
    if (index < side && at(index) === at(index - 1)) length++
    else {
      if (length >= 5) penalty += length - 2
      length = 1
    }
  }
  return penalty
}

function emptyGrid(side: number): Grid {
  return Array.from({ length: side }, () => new Array<boolean>(side).fill(false))
}

function mark(grid: Grid, x: number, y: number): void {
  const row = grid[y]
  if (row && x >= 0 && x < grid.length) row[x] = true
}
