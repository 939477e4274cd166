/** What goes between this worker and the WebAssembly core: `mobile-sync/src/web` says the same in Rust. */

import type { ActLine, Entry, Refused, Scanned, State } from './contract'

/** All that is kept, as the core opens from it. */
export interface Kept {
  meta: object | null
  entries: unknown[]
  leases: unknown[]
  files: unknown[]
  topics: unknown[]
  rows: unknown[]
}

/** What one call changed. */
export interface Changes {
  meta: object | null
  entries: object[]
  gone_entries: number[]
  leases: object[]
  files: object[]
  gone_files: string[]
  cleared: boolean
  swapped: string[]
  topics: object[]
  gone_topics: string[]
  rows: object[]
  gone_rows: [string, string, string][]
}

/** What to do once the changes are durable. */
export type Doing =
  | { do: 'open'; connection: number }
  | { do: 'send'; connection: number; frame: string; text: string }
  | { do: 'shut'; connection: number }
  | { do: 'fetch'; topic: string; path: string }
  | ({ do: 'tell' } & Told)

export type Told =
  | { kind: 'link'; link: State['link'] }
  | { kind: 'settled'; line: CoreLine }
  | { kind: 'overturned'; line: CoreLine }
  | { kind: 'feed'; topic: string; kinds: string[]; subjects: string[] }
  | { kind: 'loaded'; topic: string }
  | { kind: 'uploaded'; sha256: string }
  | { kind: 'filling'; count: number }
  | { kind: 'resealed' | 'rewound'; entries: number }
  | { kind: 'revoked'; reason: string }
  | { kind: 'outdated'; minimum: string }
  | { kind: 'clock_skew'; ahead_ms: number }

/** What came of a call. */
export interface Came<T> {
  answer: T
  changes: Changes
  effects: Doing[]
  wake_at: number | null
}

export type Saved = { act: number; entry: Entry } | { refused: Refused }
export type SavedScan = Scanned | { refused: Refused }

/** A line without what only this worker knows of its files. */
export type CoreLine = Omit<ActLine, 'files'> & { blobs: { sha256: string; size: number }[] }

/** The core's part of the state. */
export interface CoreState {
  link: State['link']
  unsent: number
  oldest_unsent_time: number | null
  unsent_of: [string, number][]
  cards: number
  stops: CoreLine[]
  full: boolean
  floor: { cursor: number | null; items: number }
  shift: { location_id: string | null; team_id: string | null } | null
}

/** What happened, as the core is told. */
export type Happened =
  | { event: 'online' | 'offline' | 'tick' }
  | { event: 'opened'; connection: number; ticket: string | null }
  | { event: 'open_failed'; connection: number; why: OpenFailure; after_ms?: number }
  | { event: 'frame'; connection: number; text: string }
  | { event: 'closed'; connection: number; code: number }
  | { event: 'snapshot' | 'added'; topic: string; text: string }
  | { event: 'snapshot_failed'; topic: string }
  | { event: 'uploaded' | 'file_gone'; sha256: string }

export type OpenFailure = 'unreachable' | 'busy' | 'signed_out' | 'revoked'
