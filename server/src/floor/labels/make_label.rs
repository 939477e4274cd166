//! Makes the label of a place or the badge of a worker. The one it carried until now is replaced: it still says what it is on, with a notice.

use actix_web::http::StatusCode;
use floorline_domain::LabelId;
use floorline_domain::label::{Event, Status, draw};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use uuid::Uuid;

use super::carriers::{self, Carrier};
use super::views::Label;
use super::{store, tell};
use crate::floor::engine::{Ledger, ServerOperation};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// The operation.
pub(super) struct MakeLabel(pub(super) Carrier);

impl ServerOperation for MakeLabel {
    fn name(&self) -> &'static str {
        "label.make"
    }

    fn data(&self) -> Value {
        json!({ "target": self.0.target() })
    }

    fn status(&self) -> StatusCode {
        StatusCode::CREATED
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            carriers::require_in_use(tx, self.0).await?;
            let id = Uuid::now_v7();
            // What gives the place up goes first: it has one active label at every moment.
            if let Some(old) = carriers::lock_active(tx, self.0).await? {
                replace(tx, ledger, old, LabelId(id)).await?;
            }
            let made = self.draw(tx, ledger, id).await?;
            let topics = tell::topics(tx, &made).await?;
            let data = json!({
                "kind": "label.made", "label_id": made.id, "code": made.code, "target": self.0.target(),
                "by": ledger.actor().id, "at": ledger.now(),
            });
            tell::record(ledger, &made, "label.made", data, topics)?;
            Ok(json!(made))
        })
    }
}

impl MakeLabel {
    /// A code that some factory has already is drawn again: one in 2^60.
    async fn draw(&self, tx: &mut TenantTx, ledger: &Ledger, id: Uuid) -> Result<Label, ApiError> {
        loop {
            let code = draw(self.0.target().kind(), rand::random::<u64>);
            if let Some(made) = carriers::insert(tx, self.0, id, &code, ledger.now()).await? {
                return Ok(made);
            }
        }
    }
}

async fn replace(tx: &mut TenantTx, ledger: &mut Ledger, mut old: Label, by_label: LabelId) -> Result<(), ApiError> {
    old.status = Status::Replaced.as_str().to_owned();
    old.replaced_by = Some(by_label.0);
    old.version += 1;
    old.updated_at = ledger.now();
    store::update_status(tx, &old).await?;
    let (by, at) = (ledger.actor().id, ledger.now());
    let event = Event::Replaced { label_id: LabelId(old.id), replaced_by: by_label, by, at };
    let topics = tell::topics(tx, &old).await?;
    tell::record(ledger, &old, event.kind(), json!(event), topics)
}
