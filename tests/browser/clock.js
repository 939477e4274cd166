/** Before a script of the app: a clock that goes wrong by so many years, in the page and in its workers. */
export function wrongBy(years) {
  return `if (!globalThis.goesWrong) {
  globalThis.goesWrong = true
  const Right = Date
  const by = ${years * 365 * 86_400_000}
  globalThis.Date = class extends Right {
    constructor(...given) {
      if (given.length > 0) super(...given)
      else super(Right.now() + by)
    }
    static now() {
      return Right.now() + by
    }
  }
}
`
}
