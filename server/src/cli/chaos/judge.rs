//! What came of it: phones that empty their outboxes, and the checker over all journals and the whole database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::sql_types::Text;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};

use super::world::{Hand, World};
use crate::checker::{self, Base, Device, Report, Told, check};
use crate::platform::db::sql;

/// Phones try again after a minute at most, and hold what a dead connection owes them for another.
const DRAINS_WITHIN: Duration = Duration::from_secs(150);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Waits until no phone has anything unsent, and each was welcomed in `epoch` if there is one; gives how long that took, whether or not it was reached.
pub(super) async fn drained(hands: &[Arc<Hand>], epoch: Option<&str>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    loop {
        let mut waiting = 0;
        for hand in hands {
            let standing = hand.phone.standing().await?;
            let is_elsewhere = epoch.is_some_and(|epoch| standing.server_epoch.as_deref() != Some(epoch));
            waiting += usize::from(standing.unsent > 0 || is_elsewhere);
        }
        if waiting == 0 || began.elapsed() > DRAINS_WITHIN {
            return Ok(began.elapsed());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The epoch the database is in.
pub(super) async fn epoch(owner_url: &str) -> anyhow::Result<String> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        server_epoch: String,
    }
    let mut conn = AsyncPgConnection::establish(owner_url).await?;
    let row: Row = sql("SELECT server_epoch FROM installation").get_result(&mut conn).await?;
    Ok(row.server_epoch)
}

/// What the checker says, and what each phone was told until now.
pub(super) struct Judged {
    pub(super) report: Report,
    pub(super) told: Vec<Vec<Told>>,
}

/// Has everything checked; `told` is what phones were told before the database was rewound.
pub(super) async fn judge(world: &World, owner_url: &str, told: &[Vec<Told>]) -> anyhow::Result<Judged> {
    let (mut devices, mut bases) = (Vec::new(), Vec::new());
    for hand in &world.hands {
        devices.push(checker::read::phone(&hand.phone).await?);
        bases.extend(base(hand).await?);
    }
    let mut history = checker::read::database(owner_url, None).await?;
    let now = devices.iter().map(|device| said(device, &history.server_epoch)).collect();
    for (device, told) in devices.iter_mut().zip(told) {
        device.told.clone_from(told);
    }
    history.devices = devices;
    history.canaries.clone_from(&world.canaries);
    history.bases = bases;
    Ok(Judged { report: check(&history), told: now })
}

/// What a phone's journal says it was told.
fn said(device: &Device, epoch: &str) -> Vec<Told> {
    device.journal.iter().filter_map(|line| Told::of(line, epoch)).collect()
}

/// What a phone shows of its floor, but for what it predicts itself.
async fn base(hand: &Hand) -> anyhow::Result<Option<Base>> {
    if !hand.follows {
        return Ok(None);
    }
    let view = hand.phone.floor().await?;
    let topic = format!("site:{}", hand.site).parse().map_err(|_| anyhow::anyhow!("not a topic"))?;
    let shown = view.items.into_iter().filter(|seen| seen.marks.is_empty()).map(|seen| seen.item);
    Ok(view.cursor.map(|cursor| Base { topic, cursor, items: shown.collect() }))
}
