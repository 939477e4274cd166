/**
 * What a screen asks of the core, and what it is told.
 *
 * The core runs in a worker: the rules, the outbox and the local floor (WebAssembly, from `mobile-sync`), storage and the network. A promise
 * that resolves after something was done means that it is durable on this phone, whether or not there is a network.
 *
 * Times that end in `_time` are milliseconds since 1970 by the phone's clock; `_at` are RFC 3339 by the server's.
 */

export type Id = string

/** How far an act has come. */
export type ActState = 'saved' | 'sent' | 'confirmed' | 'needs_you'

/** How loudly something asks to be looked at. */
export type Attention = 'none' | 'card' | 'stop'

/** Where the app stands before there is a floor to show. */
export type Phase =
  /** The core is being loaded. */
  | 'starting'
  /** Another tab of this phone has the floor. */
  | 'elsewhere'
  /** This phone has never been added to a factory. */
  | 'unenrolled'
  /** It has asked; an administrator compares the six digits. */
  | 'pending'
  /** It may work. */
  | 'ready'
  /** Its storage cannot be opened; nothing is deleted, and it can be tried again. */
  | 'broken'

export type Link =
  /** No network, or between two tries. */
  | 'down'
  /** The server asks to be tried later. */
  | 'busy'
  /** Somebody else answers in its name: most likely a network that wants to be signed in to. */
  | 'portal'
  | 'connecting'
  | 'live'
  /** Nobody is signed in, or the session has ended: work goes on, nothing is sent. */
  | 'signed_out'
  /** The phone was blocked: what is unsent can still be handed in. */
  | 'revoked'
  /** The app is too old for the server: what is unsent stays, the page must be loaded again. */
  | 'outdated'

export interface Person {
  id: Id
  name: string
  roles: string[]
  permissions: string[]
}

/** Everything that the frame around every screen shows. */
export interface State {
  phase: Phase
  /** In words, when `phase` is `broken`. */
  problem: string | null
  device: { id: Id; name: string; site_id: Id; digits: string | null } | null
  person: Person | null
  /** People who have signed in on this phone, for a fast switch. Each keeps what is theirs. */
  people: { id: Id; name: string; unsent: number; has_pin: boolean }[]
  link: Link
  /** Acts without a verdict. */
  unsent: number
  oldest_unsent_time: number | null
  /** Photos that the server does not have yet. */
  unsent_photos: { count: number; bytes: number }
  /** Cards to look at. */
  cards: number
  /** Stop alerts, the oldest first: full screen until confirmed. */
  stops: ActLine[]
  /** False: the browser may evict what is saved here ("unsafe storage"). */
  persistent: boolean
  /** No more can be saved: the outbox or the storage is full. */
  full: boolean
  /** How far the phone's clock is ahead; null while it is right to within five minutes. */
  clock_ahead_ms: number | null
  /** Null before the floor was loaded for the first time. */
  floor: { cursor: number | null; items: number; loaded_time: number | null } | null
  shift: { site_id: Id; location_id: Id | null; team_id: Id | null } | null
}

/** What a person does. `op` and `data` are those of `floor.sync.v1`. */
export interface Act {
  op:
    | 'scan.record' | 'action.complete' | 'action.skip' | 'item.advance' | 'item.pause' | 'item.resume' | 'item.flag'
    | 'item.scrap' | 'item.hold' | 'item.release' | 'item.rework' | 'item.assign' | 'item.claim' | 'item.move'
    | 'item.assemble' | 'item.undo' | 'label.claim' | 'shift.start' | 'shift.end' | 'note.add'
  item_id?: Id
  /** `<stage>.<action>`, for `action.*`. */
  action_id?: string
  data: Record<string, unknown>
  /** Files of the act, kept before by {@link Core.keepFile}. */
  blobs?: Blob_[]
}

export interface Blob_ {
  sha256: string
  size: number
  mime: string
  role?: string | null
}

/** Why nothing was saved. `code` is for message catalogues. */
export interface Refused {
  code: 'SIGNED_OUT' | 'FULL' | 'TOO_FAST' | 'TOO_LARGE' | 'UNREADABLE' | 'STORAGE'
  /** In English, for logs. */
  message: string
  wait_ms?: number
}

/** What a scanned, typed or pasted text means here. */
export type Resolved =
  | { kind: 'item'; id: Id; code: string | null }
  | { kind: 'location'; id: Id; name: string | null }
  | { kind: 'user'; id: Id; name: string | null }
  | { kind: 'action'; id: string }
  | { kind: 'blank'; code: string }
  | { kind: 'revoked'; code: string }
  /** A sound code that this factory's floor does not know. */
  | { kind: 'foreign'; code: string }
  /** A label's code with a slip in it: the check characters do not fit. */
  | { kind: 'unsound'; code: string }
  | { kind: 'text'; text: string }

export interface Scanned {
  /** Null: the earlier scan again (same code, stage and worker within ten seconds), nothing new was saved. */
  act: number | null
  resolved: Resolved
  /** The scan action it satisfied; null when it was only recorded. */
  action_id: string | null
  /** The last scan of the same code on this phone within ten seconds before: whose, and when. */
  again: { by: Id; name: string | null; time: number } | null
}

/** An act, for lists and cards. */
export interface ActLine {
  act: number
  state: ActState
  attention: Attention
  made_time: number
  op: string
  action_id: string | null
  item_id: Id | null
  item_code: string | null
  actor: Id
  actor_name: string | null
  data: Record<string, unknown>
  /** What the rules say against it as far as this phone knows. */
  conflict: Reason | null
  verdict: { outcome: 'applied' | 'noop' | 'rejected' | 'parked' | 'pruned'; reason: string | null; detail: Record<string, unknown> | null; case_id?: Id | null } | null
  /** What somebody decided of work that had to wait for it. */
  decided: { state: 'booked' | 'discarded' | 'sent_back'; by_name: string | null; note: string | null } | null
  /** Of its files: how many the server has, and how many bytes of the others it has. */
  files: { sha256: string; size: number; sent: number; done: boolean }[]
}

/** Where an act stands in its stream: what taking it back names. */
export interface Entry {
  stream_id: Id
  seq: number
}

/** A file that the server does not have yet. */
export interface WaitingFile {
  sha256: string
  size: number
  sent: number
  /** Why the server does not take it, in its words; it is tried again when the app starts. */
  refused: string | null
}

export interface Reason {
  reason: string
  detail: Record<string, unknown> | null
}

/** A line of a list. */
export interface ItemLine {
  id: Id
  code: string
  status: 'not_started' | 'active' | 'paused' | 'on_hold' | 'error' | 'completed' | 'scrapped' | 'cancelled'
  stage: string
  stage_name: string
  workflow_name: string
  priority: 'low' | 'normal' | 'high' | 'urgent'
  assigned_to: Id | null
  location_id: Id | null
  parent_id: Id | null
  stage_entered_at: string
  /** Of the stage; null when it has none. */
  expected_minutes: number | null
  flags: number
  /** The least far of this phone's own acts on it; null when there is none. */
  own: ActState | null
}

export interface ActionView {
  id: string
  key: string
  kind: 'scan' | 'photo' | 'note' | 'approval' | 'measurement' | 'inspection' | 'form' | 'signature'
  label: string
  required: boolean
  /** As in the workflow, by kind. */
  config: Record<string, unknown>
  state: 'open' | 'done' | 'failed' | 'skipped'
  result: { by: Id; by_name: string | null; at: string; content: Record<string, unknown>; evidence: string[] } | null
}

/** The next thing to do, for one large button. */
export type Next =
  | { kind: 'action'; action_id: string }
  | { kind: 'advance'; to: string | null; name: string | null }
  | { kind: 'resume' }
  | { kind: 'release' }
  | { kind: 'wait'; reason: Reason }
  | { kind: 'none' }

export interface ItemView extends ItemLine {
  /** Grows with whatever happens to it. */
  version: number
  order_id: Id | null
  /** What the brand calls its order; null when the phone has not been told. */
  po_number: string | null
  attributes: Record<string, unknown>
  stages: { key: string; name: string; color: string | null; state: 'done' | 'here' | 'ahead' }[]
  actions: ActionView[]
  next: Next
  /** Where it may go from here by hand. */
  targets: { key: string; name: string }[]
  rework: { key: string; name: string }[]
  components: { id: Id; code: string; status: string; stage_name: string; assembled: boolean }[]
  flag_list: { reason: string; by_name: string | null; at: string }[]
  /** What people wrote in steps that ask for a note, the latest first. */
  notes: { reason: string; by_name: string | null; at: string }[]
  hold: { reason: string | null; by_name: string | null; at: string } | null
  assigned_name: string | null
  location_name: string | null
  /** This phone's own acts that the server's telling does not show yet. */
  acts: ActLine[]
  /** The last act can be taken back until then, by the phone's clock. */
  undo: { of: Entry; until_time: number; op: string } | null
  photos: string[]
}

export interface QueueView {
  id: Id
  name: string
  location_id: Id | null
  items: { item: ItemLine; priority: ItemLine['priority']; added_at: string; claimed_by: Id | null }[]
}

export interface Place {
  id: Id
  name: string
  kind: string
  parent_id: Id | null
}

/** When somebody is told only what is urgent; times of the day such as `22:00`, in their own time zone. */
export interface QuietHours {
  start: string
  end: string
  time_zone: string
}

/** Everything that the screen may want to draw anew. */
export type Notice =
  | { kind: 'state'; state: State }
  | { kind: 'settled'; line: ActLine }
  | { kind: 'floor' }
  | { kind: 'upload'; sha256: string; sent: number; size: number; done: boolean }
  /** What was said of an act before a restored server judged it again, and is not so any more. */
  | { kind: 'overturned'; line: ActLine }
  /** The server asks for a newer app; this one works on. */
  | { kind: 'outdated' }

/** What the server tells of an item. */
export interface Happening {
  kind: string
  by_name: string | null
  at: string
  data: Record<string, unknown>
}

/** What became of an export: entries by their outcome, those `known` had been decided before. */
export interface HandedIn {
  entries: number
  known: number
  applied: number
  noop: number
  rejected: number
  parked: number
  pruned: number
  photos: number
  photos_known: number
  photos_refused: { sha256: string; detail: string }[]
}

export interface Core {
  state(): State
  subscribe(listen: (notice: Notice) => void): () => void

  /** Takes the floor over from the other tab. */
  takeOver(): Promise<void>
  /** Tries the storage again. */
  reopen(): Promise<void>
  /** Removes all that is kept here: the phone is one that nobody has added yet. */
  forget(): Promise<void>

  /** Adds this phone to a factory; `code` is what the QR says, or typed. Resolves with the six digits to compare. */
  enrol(code: string): Promise<string>
  /** Asks whether it was approved meanwhile; `state.phase` follows. */
  askApproval(): Promise<void>

  signIn(email: string, password: string): Promise<void>
  /** With the badge's code and a PIN; without a network, for someone whose lease is on this phone. */
  signInWithBadge(code: string, pin: string): Promise<void>
  /** Someone who has signed in here before, by PIN; works without a network within the lease's 16 hours. */
  switchTo(person: Id, pin: string): Promise<void>
  /** Leaves what is unsent where it is. */
  signOut(): Promise<void>

  /** Saves an act; rejects with {@link Refused}. */
  act(act: Act): Promise<Entry>
  /** Saves a scan as what the item's stage waits for, else as a record. */
  scan(raw: string): Promise<Scanned>
  /** What a text means, without saving anything. */
  resolve(raw: string): Promise<Resolved>
  /** Someone has looked at a card, or confirmed a stop alert. */
  lookedAt(act: number): Promise<void>

  /** Keeps a file before the act that names it; it is uploaded in the background. */
  keepFile(bytes: ArrayBuffer, mime: string, role: string | null): Promise<Blob_>
  /** A file that lies here, or that the server has; null when neither can be had now. */
  file(sha256: string, size: 'thumb' | 'screen'): Promise<Blob | null>

  item(id: Id): Promise<ItemView | null>
  items(filter?: { stage?: string; place?: Id; assigned_to?: Id; text?: string; status?: 'open' | 'all'; limit?: number; offset?: number }): Promise<{ items: ItemLine[]; total: number }>
  queues(): Promise<QueueView[]>
  places(): Promise<Place[]>
  people(): Promise<{ id: Id; name: string; active?: boolean }[]>
  /** What is told of an item on the server; rejects without a network. */
  history(id: Id): Promise<Happening[]>

  /** Acts without a verdict, and those someone must look at. */
  acts(): Promise<ActLine[]>
  /** Files that wait for their upload, whether or not their acts do. */
  waitingFiles(): Promise<WaitingFile[]>
  /** Everything done on this phone, the latest first. */
  journal(before: number | null, limit: number): Promise<ActLine[]>
  /** Everything unsent with its photos, as one file: lines of JSON. */
  exportUnsent(): Promise<Blob>
  /** The same without photos, in pieces that fit a QR code each. */
  exportCodes(): Promise<string[]>
  /** Hands in what was taken off another phone; rejects without a network. */
  handIn(unsent: Blob): Promise<HandedIn>

  /** What `subscribe` of Web Push asks for; null where the server sends none. This and the next three reject without a network. */
  pushKey(): Promise<string | null>
  /** Whoever is signed in is told of things on this phone from now on; null: no more. */
  tellHere(subscription: PushSubscriptionJSON | null): Promise<void>
  /** Null: none. */
  quietHours(): Promise<QuietHours | null>
  setQuietHours(hours: QuietHours | null): Promise<void>
}
