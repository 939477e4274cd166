//! What carries a label beside items: places, and workers with their badges. Each has at most one active label.

use chrono::{DateTime, Utc};
use diesel::sql_types::Uuid as SqlUuid;
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _,
};
use diesel_async::RunQueryDsl as _;
use floorline_domain::label::{Code, Target};
use floorline_domain::{LocationId, UserId};
use uuid::Uuid;

use super::store::Printable;
use super::views::Label;
use crate::platform::db::schema::labels::dsl as l;
use crate::platform::db::schema::{locations, users};
use crate::platform::db::sql;
use crate::platform::http::{ApiError, Code as Problem};
use crate::platform::tenancy::TenantTx;

type Result<T> = std::result::Result<T, ApiError>;

/// A place or a worker.
#[derive(Clone, Copy, Debug)]
pub(super) enum Carrier {
    Place(LocationId),
    Worker(UserId),
}

impl Carrier {
    /// As the rules name it.
    pub(super) fn target(self) -> Target {
        match self {
            Self::Place(id) => Target::Location(id),
            Self::Worker(id) => Target::User(id),
        }
    }

    /// As the columns of a label name it.
    fn columns(self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Place(id) => (Some(id.0), None),
            Self::Worker(id) => (None, Some(id.0)),
        }
    }

    fn id(self) -> Uuid {
        self.target().id()
    }
}

/// Whether it is in use; 404 when it is not here.
async fn in_use(tx: &mut TenantTx, carrier: Carrier) -> Result<bool> {
    let key = (tx.org().0, carrier.id());
    let (found, noun): (Option<bool>, _) = match carrier {
        Carrier::Place(_) => {
            let place = locations::table.find(key).select(locations::active);
            (place.first(tx.conn()).await.optional()?, "location")
        }
        Carrier::Worker(_) => {
            let worker = users::table.find(key).select(users::active);
            (worker.first(tx.conn()).await.optional()?, "user")
        }
    };
    found.ok_or_else(|| ApiError::not_found(noun))
}

/// Nothing that is out of use gets a label.
pub(super) async fn require_in_use(tx: &mut TenantTx, carrier: Carrier) -> Result<()> {
    if in_use(tx, carrier).await? {
        return Ok(());
    }
    let words = match carrier {
        Carrier::Place(_) => "This place is out of use.",
        Carrier::Worker(_) => "This person does not work here any more.",
    };
    Err(ApiError::new(Problem::StateConflict, words))
}

/// The label it carries now, locked.
pub(super) async fn lock_active(tx: &mut TenantTx, carrier: Carrier) -> Result<Option<Label>> {
    let (org, (place, worker)) = (tx.org().0, carrier.columns());
    Ok(l::labels
        .filter(l::org_id.eq(org))
        .filter(l::status.eq("active"))
        .filter(l::location_id.eq(place).or(l::user_id.eq(worker)))
        .select(Label::as_select())
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?)
}

/// Stores its new, active label; none when some label of the installation has that code already.
pub(super) async fn insert(
    tx: &mut TenantTx,
    carrier: Carrier,
    id: Uuid,
    code: &Code,
    now: DateTime<Utc>,
) -> Result<Option<Label>> {
    let (org, (place, worker)) = (tx.org().0, carrier.columns());
    Ok(diesel::insert_into(l::labels)
        .values((
            l::org_id.eq(org),
            l::id.eq(id),
            l::code.eq(code.as_str()),
            l::kind.eq(code.kind().as_str()),
            l::status.eq("active"),
            l::location_id.eq(place),
            l::user_id.eq(worker),
            l::created_at.eq(now),
            l::updated_at.eq(now),
        ))
        .on_conflict(l::code)
        .do_nothing()
        .returning(Label::as_returning())
        .get_result(tx.conn())
        .await
        .optional()?)
}

/// The label it carries now, to be drawn; 409 while it has none.
pub(super) async fn printable(tx: &mut TenantTx, carrier: Carrier) -> Result<Printable> {
    in_use(tx, carrier).await?;
    let (text, none) = match carrier {
        Carrier::Place(_) => (include_str!("of_place.sql"), "No label is at this place; make one for it."),
        Carrier::Worker(_) => (include_str!("of_worker.sql"), "This person has no badge; make one for them."),
    };
    let org = tx.org().0;
    let found: Option<Printable> =
        sql(text).bind::<SqlUuid, _>(org).bind::<SqlUuid, _>(carrier.id()).get_result(tx.conn()).await.optional()?;
    found.ok_or_else(|| ApiError::new(Problem::StateConflict, none))
}
