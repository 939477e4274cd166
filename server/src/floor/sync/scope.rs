//! Which feeds a reader may follow, and through whose eyes.

use std::collections::BTreeMap;

use floorline_domain::permission::Permission;
use floorline_domain::{LocationId, OrderId};
use floorline_mobile_sync::wire::{Mode, Subscription, Topic, TopicState};

use super::{core, store};
use crate::platform::db::Db;
use crate::platform::http::ApiError;
use crate::platform::realtime::{FeedKey, Reader};
use crate::platform::tenancy::{BrandTx, Identity, TenantTx};

/// A feed that was asked for, and how it goes on.
#[derive(Clone, Debug)]
pub(super) struct Scoped {
    /// What the welcome says.
    pub(super) state: TopicState,
    /// Through which transaction it is read; `None` when it is denied.
    pub(super) key: Option<FeedKey>,
    /// Where the reader stands.
    pub(super) cursor: i64,
}

/// Decides each subscription. `reader` is `None` for a quarantined device, which is told nothing. A topic that is allowed and was never
/// told anything gets its row here.
pub(super) async fn judge(
    db: &Db,
    tx: &mut TenantTx,
    reader: Option<&Identity>,
    asked: &[Subscription],
) -> Result<Vec<Scoped>, ApiError> {
    let Some(reader) = reader else {
        return Ok(asked.iter().map(|subscription| settle(subscription, None, None)).collect());
    };
    let keys = allowed(tx, reader, asked).await?;
    let of = |owner: bool| -> Vec<(Topic, i64)> {
        asked
            .iter()
            .filter(|subscription| {
                keys.get(&subscription.topic).is_some_and(|reader| matches!(reader, Reader::Owner(_)) == owner)
            })
            .map(|subscription| (subscription.topic, subscription.cursor))
            .collect()
    };
    let (own, branded) = (of(true), of(false));
    let to_make: Vec<Topic> =
        own.iter().map(|(topic, _)| *topic).filter(|topic| !matches!(topic, Topic::Order(_))).collect();
    let mut rows = store::topics(tx, &own).await?;
    if rows.len() < own.len() && !to_make.is_empty() {
        store::ensure_topics(tx, &to_make).await?;
        rows = store::topics(tx, &own).await?;
    }
    if !branded.is_empty() {
        rows.extend(store::brand_topics(&mut BrandTx::open(db, reader.org_id).await?, &branded).await?);
    }
    Ok(asked
        .iter()
        .map(|subscription| {
            let name = subscription.topic.to_string();
            let row = rows.iter().find(|row| row.id == name);
            settle(subscription, keys.get(&subscription.topic).copied(), row)
        })
        .collect())
}

fn settle(asked: &Subscription, reader: Option<Reader>, row: Option<&store::TopicRow>) -> Scoped {
    let topic = asked.topic;
    let (Some(reader), Some(row)) = (reader, row) else {
        let state = TopicState { topic, mode: Mode::Denied, epoch: String::new(), head: 0 };
        return Scoped { state, key: None, cursor: 0 };
    };
    let fits = usize::try_from(row.behind_bytes).is_ok_and(|bytes| bytes <= floorline_mobile_sync::limits::DELTA_BYTES);
    let mode = core::mode(asked.epoch.as_deref(), asked.cursor, &row.epoch, row.head, row.floor, fits);
    // A cursor that is not this epoch's, or is ahead of it, says nothing about where a snapshot must be.
    let cursor = if asked.epoch.as_deref() == Some(row.epoch.as_str()) { asked.cursor.min(row.head) } else { 0 };
    Scoped {
        state: TopicState { topic, mode, epoch: row.epoch.clone(), head: row.head },
        key: Some(FeedKey { topic, reader }),
        cursor,
    }
}

/// The topics among `asked` that `identity` may follow.
async fn allowed(
    tx: &mut TenantTx,
    identity: &Identity,
    asked: &[Subscription],
) -> Result<BTreeMap<Topic, Reader>, ApiError> {
    let may = |permission| identity.permissions.contains(&permission);
    let mut sites: Vec<LocationId> = Vec::new();
    let mut orders: Vec<OrderId> = Vec::new();
    let mut keys = BTreeMap::new();
    let branded = identity.organization_kind == "brand";
    for Subscription { topic, .. } in asked {
        match topic {
            Topic::Site(site) if may(Permission::ItemView) => sites.push(*site),
            Topic::Org(org) if *org == identity.org_id && may(Permission::OrderView) => {
                keys.insert(*topic, Reader::Owner(identity.org_id));
            }
            Topic::User(user) if *user == identity.user_id => {
                keys.insert(*topic, Reader::Owner(identity.org_id));
            }
            // Whether it is the brand's order is what its own view of the topics answers.
            Topic::Order(_) if branded && may(Permission::BrandView) => {
                keys.insert(*topic, Reader::Brand(identity.org_id));
            }
            Topic::Order(order) if !branded && may(Permission::OrderView) => orders.push(*order),
            _ => {}
        }
    }
    for site in store::known_sites(tx, &sites).await? {
        keys.insert(Topic::Site(site), Reader::Owner(identity.org_id));
    }
    for order in store::known_orders(tx, &orders).await? {
        keys.insert(Topic::Order(order), Reader::Owner(identity.org_id));
    }
    Ok(keys)
}
