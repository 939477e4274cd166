//! Section 4 of the protocol and the feed, as small as they can be and still go wrong: two phones, two servers, one item, three entries, a network
//! that loses, doubles and reorders, servers that die at any step. Every state there is gets visited, where the simulation only draws.
//!
//! A message that was sent stays in the network for ever and may arrive at any time, any number of times, or never.

use std::collections::{BTreeMap, BTreeSet};

use stateright::{Checker, HasDiscoveries, Model, Property};

/// The step of the item that each entry of each phone is about.
const ENTRIES: [&[u8]; 2] = [&[1, 2], &[1]];

/// How often a server may die.
const DEATHS: u8 = 1;

/// A deliberate mistake of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// Whether an entry has a receipt is not looked at.
    ForgetsReceipts,
    /// The verdict goes out before the commit.
    AnswersEarly,
    /// A cursor is drawn before the topic is locked, as from a serial column.
    SerialCursors,
    /// What a transaction read is not locked.
    Unlocked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Verdict {
    Applied,
    /// Somebody had done it already.
    Noop,
    /// The item is not there yet.
    Rejected,
}

type Phone = usize;
type Seq = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Message {
    Submit { phone: Phone, seq: Seq, server: usize },
    Result { phone: Phone, seq: Seq, verdict: Verdict },
}

/// What a server is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Work {
    Idle,
    /// An entry is decided; nothing of it is durable.
    Open {
        phone: Phone,
        seq: Seq,
        verdict: Verdict,
        step: u8,
        cursor: usize,
    },
    /// It is durable; nobody was told.
    Committed {
        phone: Phone,
        seq: Seq,
        verdict: Verdict,
    },
}

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    /// Verdicts that each phone was told, by place.
    told: [Vec<Verdict>; 2],
    /// A phone was told something else of an entry than before.
    contradicted: bool,
    /// How far a board has read the feed, and what it saw.
    read: (usize, BTreeSet<usize>),
    network: BTreeSet<Message>,
    servers: [Work; 2],
    deaths: u8,
    /// Durable: each stream's receipts.
    receipts: [Vec<Verdict>; 2],
    /// Durable: the item.
    done: u8,
    /// Durable: the feed, by cursor.
    feed: BTreeMap<usize, (Phone, Seq)>,
    /// The last cursor that was drawn.
    drawn: usize,
    /// A repeated entry was answered from its receipt.
    repeated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    /// A phone sends what it has no verdict for to a server.
    Send {
        phone: Phone,
        server: usize,
    },
    /// A message arrives.
    Arrive(Message),
    Commit(usize),
    Answer(usize),
    Die(usize),
    /// A board reads the feed to its end.
    Read,
}

struct Protocol(Option<Mistake>);

impl Protocol {
    fn has(&self, mistake: Mistake) -> bool {
        self.0 == Some(mistake)
    }

    fn submitted(&self, state: &mut State, server: usize, phone: Phone, seq: Seq) -> bool {
        if state.servers[server] != Work::Idle {
            return false;
        }
        if let Some(stored) = state.receipts[phone].get(seq).copied().filter(|_| !self.has(Mistake::ForgetsReceipts)) {
            state.network.insert(Message::Result { phone, seq, verdict: stored });
            state.repeated = true;
            return true;
        }
        // A gap is answered by nothing; a row that another transaction holds is waited for.
        let locked = state.servers.iter().any(|work| matches!(work, Work::Open { .. }));
        if seq > state.receipts[phone].len()
            || (locked && !self.has(Mistake::Unlocked) && !self.has(Mistake::SerialCursors))
        {
            return false;
        }
        let Some(step) = ENTRIES[phone].get(seq).copied() else { return false };
        let verdict = match step.cmp(&(state.done + 1)) {
            std::cmp::Ordering::Less => Verdict::Noop,
            std::cmp::Ordering::Equal => Verdict::Applied,
            std::cmp::Ordering::Greater => Verdict::Rejected,
        };
        let mut cursor = 0;
        if self.has(Mistake::SerialCursors) && verdict == Verdict::Applied {
            state.drawn += 1;
            cursor = state.drawn;
        }
        state.servers[server] = Work::Open { phone, seq, verdict, step, cursor };
        if self.has(Mistake::AnswersEarly) {
            state.network.insert(Message::Result { phone, seq, verdict });
        }
        true
    }

    fn commit(&self, state: &mut State, server: usize) {
        let Work::Open { phone, seq, verdict, step, cursor } = state.servers[server] else { return };
        if verdict == Verdict::Applied {
            state.done = step;
            let cursor = if cursor > 0 { cursor } else { state.feed.len() + 1 };
            state.feed.insert(cursor, (phone, seq));
        }
        match state.receipts[phone].get_mut(seq) {
            Some(stored) => *stored = verdict,
            None => state.receipts[phone].push(verdict),
        }
        state.servers[server] = Work::Committed { phone, seq, verdict };
    }
}

fn told(state: &mut State, phone: Phone, seq: Seq, verdict: Verdict) -> bool {
    match state.told[phone].get(seq) {
        Some(earlier) => {
            let new = !state.contradicted && *earlier != verdict;
            state.contradicted |= *earlier != verdict;
            new
        }
        None if seq == state.told[phone].len() => {
            state.told[phone].push(verdict);
            true
        }
        None => false,
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            told: Default::default(),
            contradicted: false,
            read: Default::default(),
            network: BTreeSet::new(),
            servers: [Work::Idle; 2],
            deaths: 0,
            receipts: Default::default(),
            done: 0,
            feed: BTreeMap::new(),
            drawn: 0,
            repeated: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.push(Action::Read);
        for (phone, entries) in ENTRIES.iter().enumerate() {
            if state.told[phone].len() < entries.len() {
                actions.extend((0..2).map(|server| Action::Send { phone, server }));
            }
        }
        actions.extend(state.network.iter().copied().map(Action::Arrive));
        for (server, work) in state.servers.iter().enumerate() {
            match work {
                Work::Idle => {}
                Work::Open { .. } => actions.push(Action::Commit(server)),
                Work::Committed { .. } => actions.push(Action::Answer(server)),
            }
            if *work != Work::Idle && state.deaths < DEATHS {
                actions.push(Action::Die(server));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let moved = match action {
            Action::Send { phone, server } => {
                let seq = state.told[phone].len();
                state.network.insert(Message::Submit { phone, seq, server })
            }
            Action::Arrive(Message::Submit { phone, seq, server }) => self.submitted(&mut state, server, phone, seq),
            Action::Arrive(Message::Result { phone, seq, verdict }) => told(&mut state, phone, seq, verdict),
            Action::Commit(server) => {
                self.commit(&mut state, server);
                true
            }
            Action::Answer(server) => {
                if let Work::Committed { phone, seq, verdict } = state.servers[server] {
                    state.network.insert(Message::Result { phone, seq, verdict });
                }
                state.servers[server] = Work::Idle;
                true
            }
            Action::Die(server) => {
                state.deaths += 1;
                state.servers[server] = Work::Idle;
                true
            }
            Action::Read => {
                let (cursor, seen) = &mut state.read;
                let rows: Vec<usize> = state.feed.range(*cursor + 1..).map(|(cursor, _)| *cursor).collect();
                *cursor = rows.last().copied().unwrap_or(*cursor);
                seen.extend(&rows);
                !rows.is_empty()
            }
        };
        moved.then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("S2 an entry has its effect once, and a receipt", |_, state: &State| {
                let once = state.feed.values().collect::<BTreeSet<_>>().len() == state.feed.len();
                let received =
                    |(phone, seq): &(Phone, Seq)| state.receipts[*phone].get(*seq) == Some(&Verdict::Applied);
                once && state.feed.values().all(received) && usize::from(state.done) == state.feed.len()
            }),
            Property::always("S3 a stream's effects are in its order", |_, state: &State| {
                (0..2).all(|phone| {
                    let own: Vec<Seq> = state.feed.values().filter(|row| row.0 == phone).map(|row| row.1).collect();
                    own.is_sorted()
                })
            }),
            Property::always("S4 what was told is stored and stays", |_, state: &State| {
                let stored = |phone: Phone| state.receipts[phone].starts_with(&state.told[phone]);
                !state.contradicted && stored(0) && stored(1)
            }),
            Property::always("S7 no reader passes over an event", |_, state: &State| {
                let (cursor, seen) = &state.read;
                state.feed.range(..=*cursor).all(|(at, _)| seen.contains(at))
            }),
            Property::sometimes("everything is decided and told", |_, state: &State| {
                (0..2).all(|phone| state.told[phone].len() == ENTRIES[phone].len())
            }),
            Property::sometimes("two phones race for a step", |_, state: &State| {
                state.receipts.iter().flatten().any(|verdict| *verdict == Verdict::Noop)
            }),
            Property::sometimes("a repeated entry is answered from its receipt", |_, state: &State| state.repeated),
            Property::sometimes("a server dies and all is told", |_, state: &State| {
                state.deaths == DEATHS && state.told[0].len() == 2 && state.told[1].len() == 1
            }),
        ]
    }
}

#[test]
fn the_protocol_holds_in_every_state_there_is() {
    let checked = Protocol(None).checker().threads(2).spawn_bfs().join();
    checked.assert_properties();
    println!("{} states", checked.unique_state_count());
    assert!(checked.unique_state_count() > 10_000, "only {} states", checked.unique_state_count());
}

fn breaks(mistake: Mistake, property: &str) -> bool {
    let checker = Protocol(Some(mistake)).checker().threads(2).finish_when(HasDiscoveries::AnyFailures);
    let checked = checker.spawn_bfs().join();
    checked.discoveries().keys().any(|name| name.starts_with(property))
}

#[test]
fn each_mistake_breaks_what_it_should() {
    assert!(breaks(Mistake::ForgetsReceipts, "S4") || breaks(Mistake::ForgetsReceipts, "S2"));
    assert!(breaks(Mistake::AnswersEarly, "S4"));
    assert!(breaks(Mistake::SerialCursors, "S7"));
    assert!(breaks(Mistake::Unlocked, "S2"));
}
