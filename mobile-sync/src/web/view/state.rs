//! What the frame around every screen shows.

use floorline_domain::ids::UserId;
use floorline_domain::json;
use serde::Serialize;
use serde_json::Value;

use super::act::ActLine;
use crate::client::Client;
use crate::floor::Shift;
use crate::limits::OUTBOX_HARD;
use crate::outbox::Held;
use crate::sorted::Sorted;
use crate::store::{Attention, StoreError};
use crate::web::mirror::Mirror;
use crate::web::told;

/// The core's part of the state.
#[derive(Debug, Serialize)]
pub(in super::super) struct State {
    link: &'static str,
    unsent: usize,
    oldest_unsent_time: Option<i64>,
    /// Unsent acts of each person, so that nobody leaves theirs unseen.
    unsent_of: Vec<(UserId, usize)>,
    cards: usize,
    stops: Vec<ActLine>,
    full: bool,
    floor: Value,
    shift: Option<Shift>,
}

impl State {
    pub(in super::super) fn of(client: &mut Client, store: &mut Mirror) -> Result<Self, StoreError> {
        let unsent: Vec<&Held> = client.acts().filter(|held| held.settled.is_none()).collect();
        let oldest_unsent_time = unsent.iter().map(|held| held.kept.made_time).min();
        let mut unsent_of = Sorted::<UserId, usize>::default();
        for actor in unsent.iter().filter_map(|held| held.entry.as_ref()).map(|entry| entry.actor) {
            if let Some(count) = unsent_of.or_insert_with(actor, usize::default) {
                *count += 1;
            }
        }
        let asks =
            |attention| move |held: &&Held| held.settled.as_ref().is_some_and(|settled| settled.attention == attention);
        let cards = client.acts().filter(asks(Attention::Card)).count();
        let stops: Vec<ActLine> = client.acts().filter(asks(Attention::Stop)).map(ActLine::held).collect();
        let (link, count) = (told::link(client.link()), client.unsent());
        let mut floor = client.floor(store);
        let stops = stops.into_iter().map(|line| line.named(&mut floor)).collect::<Result<_, _>>()?;
        let shift = floor.own_shift()?;
        let floor = json::object! { "cursor": floor.cursor(), "items": floor.item_count()? };
        Ok(Self {
            link,
            unsent: count,
            oldest_unsent_time,
            unsent_of: unsent_of.iter().map(|(actor, count)| (*actor, *count)).collect(),
            cards,
            stops,
            full: count >= OUTBOX_HARD,
            floor,
            shift,
        })
    }
}
