import { floor } from './floor.svelte'

export type Answer<T> = { is: 'waiting' } | { is: 'here'; value: T } | { is: 'failed'; fault: unknown }

/**
 * Asks the core, and asks again when something was told. The last answer stays until the next one is here, so that nothing flickers.
 * `question` reads what it depends on before its first `await`.
 */
export function asking<T>(question: () => Promise<T>): { readonly answer: Answer<T>; readonly value: T | undefined; again(): void } {
  let answer = $state.raw<Answer<T>>({ is: 'waiting' })
  let asked = $state(0)
  $effect(() => {
    void floor.told
    void asked
    let stale = false
    question().then(
      (value) => {
        if (!stale) answer = { is: 'here', value }
      },
      (fault: unknown) => {
        if (!stale) answer = { is: 'failed', fault }
      },
    )
    return () => {
      stale = true
    }
  })
  return {
    get answer() {
      return answer
    },
    get value() {
      return answer.is === 'here' ? answer.value : undefined
    },
    again() {
      asked += 1
    },
  }
}
