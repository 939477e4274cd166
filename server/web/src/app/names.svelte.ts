import { untrack } from 'svelte'

import type { ActLine, Core, Place } from '../core/contract'
import type { Called } from '../words/why'

const MANY = 40

/** How people, places, stages and steps are called, as far as this phone has seen them. */
class Names {
  people = $state.raw<ReadonlyMap<string, string>>(new Map())
  /** Whom work can be given to. */
  colleagues = $state.raw<readonly { id: string; name: string }[]>([])
  places = $state.raw<readonly Place[]>([])
  private stages = new Map<string, string>()
  private actions = new Map<string, string>()
  private learnt = $state(0)

  readonly called: Called = {
    person: (id) => this.people.get(id) ?? null,
    stage: (key) => this.known(this.stages, key),
    action: (id) => this.known(this.actions, id),
    place: (id) => this.place(id),
  }

  async learn(core: Core): Promise<void> {
    const [people, places] = await Promise.all([core.people(), core.places()])
    this.people = new Map(people.map(({ id, name }) => [id, name]))
    this.colleagues = people.filter(({ active }) => active !== false)
    this.places = places
  }

  learnWorkflow(stages: { key: string; name: string }[], actions: { id: string; label: string }[]): void {
    const before = this.stages.size + this.actions.size
    for (const stage of stages) this.stages.set(stage.key, stage.name)
    for (const action of actions) this.actions.set(action.id, action.label)
    if (this.stages.size + this.actions.size > before) untrack(() => this.learnt++)
  }

  private known(names: Map<string, string>, key: string): string | null {
    void this.learnt
    return names.get(key) ?? null
  }

  /** Of the items that some acts are about, what their stages and steps are called. */
  async learnFrom(core: Core, acts: readonly ActLine[]): Promise<void> {
    const wanted = new Set(acts.filter((line) => line.action_id === null || !this.actions.has(line.action_id)).flatMap(({ item_id }) => item_id ?? []))
    const items = await Promise.all([...wanted].slice(0, MANY).map((id) => core.item(id)))
    for (const item of items) if (item) this.learnWorkflow(item.stages, item.actions)
  }

  person(id: string): string | null {
    return this.people.get(id) ?? null
  }

  place(id: string | null): string | null {
    return this.places.find((place) => place.id === id)?.name ?? null
  }
}

export const names = new Names()
