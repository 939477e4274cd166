//! Whose turn it is among what waits for one writer.
//!
//! First come, first served would let 200 phones that return with a shift's work make everybody else wait behind all of it. So what is small goes
//! first, which is what those send who are at work now; large submits fill the rest of the transaction in the order they came. They always get a
//! share, so that nobody waits for ever, but a small one while small ones are about: the next of those is to wait for a short transaction.
//!
//! When more return than can be served before a phone's watchdog barks, those whose turn does not come are told to try again. Left waiting, each
//! would drop its connection and come back with a new session, for which what still waits here is stale: all of them would send all the time
//! and nothing would ever be stored.

use std::collections::BTreeSet;
use std::time::Duration;

use floorline_mobile_sync::limits::{APPLY_ENTRIES, WATCHDOG};
use uuid::Uuid;

/// The entries of a small submit at most: a visit to a station has three or four.
const SMALL: usize = 8;
/// What large submits may fill of a transaction that small ones are in. No submit is larger than that.
const BESIDE_SMALL: usize = APPLY_ENTRIES / 8;
/// How long a phone's submit may wait for its turn. What is left of the watchdog's time is for the transaction and the way back.
pub(super) const PATIENCE: Duration = Duration::from_secs(WATCHDOG.as_secs() * 2 / 3);

/// As much of something that waits as its turn depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// What has the same line goes one after another: the submits of a stream, and the repetitions of a request.
    pub(super) line: Option<Uuid>,
    pub(super) entries: usize,
}

impl Waits {
    const fn is_small(self) -> bool {
        self.entries <= SMALL
    }
}

/// Which of `waiting`, in the order they came, make the next transaction; in the same order. Never none of some.
pub(super) fn turn(waiting: &[Waits]) -> Vec<usize> {
    let mut lines = BTreeSet::new();
    let first_of_its_line = |(_, waits): &(usize, &Waits)| waits.line.is_none_or(|line| lines.insert(line));
    let (small, large): (Vec<_>, Vec<_>) =
        waiting.iter().enumerate().filter(first_of_its_line).partition(|(_, waits)| waits.is_small());
    let room = if small.is_empty() { APPLY_ENTRIES } else { BESIDE_SMALL };
    let mut turn = fill(&small, APPLY_ENTRIES - BESIDE_SMALL);
    turn.extend(fill(&large, room));
    turn.sort_unstable();
    turn
}

/// The first of them that fit, and one in any case.
fn fill(waiting: &[(usize, &Waits)], room: usize) -> Vec<usize> {
    let mut entries = 0;
    let fits = |(nth, (_, waits)): &(usize, &(usize, &Waits))| {
        entries += waits.entries;
        *nth == 0 || entries <= room
    };
    waiting.iter().enumerate().take_while(fits).map(|(_, (index, _))| *index).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn waits(entries: usize) -> Waits {
        Waits { line: None, entries }
    }

    fn in_line(line: u128, entries: usize) -> Waits {
        Waits { line: Some(Uuid::from_u128(line)), entries }
    }

    #[test]
    fn who_works_now_does_not_wait_behind_those_who_return() {
        let mut waiting = vec![waits(64); 200];
        waiting.extend([waits(1), waits(3)]);
        assert_eq!(turn(&waiting), [0, 200, 201]);
    }

    #[test]
    fn those_who_return_have_the_whole_transaction_while_nobody_works() {
        assert_eq!(turn(&[waits(64); 200]), (0..8).collect::<Vec<_>>());
    }

    #[test]
    fn those_who_return_have_their_share_however_many_work() {
        let mut waiting = vec![waits(1); 2000];
        waiting.push(waits(64));
        let turn = turn(&waiting);
        assert_eq!(turn.len(), 448 + 1);
        assert_eq!(turn.last(), Some(&2000));
    }

    #[test]
    fn what_is_in_one_line_goes_one_after_another() {
        let waiting = [in_line(1, 64), in_line(1, 1), in_line(2, 1), in_line(2, 64)];
        assert_eq!(turn(&waiting), [0, 2]);
        assert_eq!(turn(&waiting[1..]), [0, 1]);
    }

    #[test]
    fn what_is_too_large_goes_all_the_same() {
        assert_eq!(turn(&[waits(600), waits(600), waits(1)]), [0, 2]);
        assert_eq!(turn(&[]), [0; 0]);
    }

    proptest! {
        /// Whatever comes in between, nobody is passed over more often than there were others before them.
        #[test]
        fn everyone_has_their_turn(
            mut waiting in prop::collection::vec((prop::option::of(0..20_u128), 1..=64_usize), 1..300),
            later in prop::collection::vec((prop::option::of(0..20_u128), 1..=64_usize), 0..300),
        ) {
            let make = |(line, entries): (Option<u128>, usize)| Waits { line: line.map(Uuid::from_u128), entries };
            let mut later = later.into_iter();
            // The last that waits now is followed through the turns, with others coming after it all the time.
            let followed = waiting.len() - 1;
            let mut line: Vec<(bool, Waits)> =
                waiting.drain(..).enumerate().map(|(n, it)| (n == followed, make(it))).collect();
            for _ in 0..=followed {
                let taken: BTreeSet<usize> = turn(&line.iter().map(|(_, it)| *it).collect::<Vec<_>>()).into_iter().collect();
                prop_assert!(!taken.is_empty());
                let gone = line.iter().enumerate().any(|(n, (is_it, _))| *is_it && taken.contains(&n));
                if gone {
                    return Ok(());
                }
                let mut n = 0;
                line.retain(|_| { n += 1; !taken.contains(&(n - 1)) });
                line.extend(later.by_ref().take(3).map(|it| (false, make(it))));
            }
            prop_assert!(false, "it still waits");
        }
    }
}
