/** Resolves once what has changed until now is on the screen; at once where there is nobody to see it. */
export function painted(): Promise<void> {
  return new Promise((seen) => (document.hidden ? seen() : requestAnimationFrame(() => setTimeout(seen))))
}
