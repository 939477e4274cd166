//! Makes labels that are on nothing yet, for whoever labels things by hand.

use actix_web::http::StatusCode;
use floorline_domain::label::{self, Kind, draw};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use uuid::Uuid;

use super::store;
use super::views::{Blanks, NewBlanks};
use crate::floor::engine::{Ledger, Record, ServerOperation, Subject, Topic};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Blank labels in one request.
const MAX_BLANKS: u32 = 1000;

/// The operation.
pub(super) struct MakeBlanks {
    new: NewBlanks,
}

impl MakeBlanks {
    /// Checks what is asked.
    pub(super) fn of(new: NewBlanks) -> Result<Self, ApiError> {
        if !(1..=MAX_BLANKS).contains(&new.count) {
            let message = format!("count is a number from 1 to {MAX_BLANKS}.");
            return Err(ApiError::invalid_field("count", "out_of_range", message));
        }
        Ok(Self { new })
    }
}

impl ServerOperation for MakeBlanks {
    fn name(&self) -> &'static str {
        "label.make"
    }

    fn data(&self) -> Value {
        json!(self.new)
    }

    fn status(&self) -> StatusCode {
        StatusCode::CREATED
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let count = usize::try_from(self.new.count).map_err(ApiError::internal)?;
            let mut labels = Vec::with_capacity(count);
            // A code that some factory has already is drawn again: one in 2^60.
            while labels.len() < count {
                let drawn: Vec<(Uuid, label::Code)> =
                    (labels.len()..count).map(|_| (Uuid::now_v7(), draw(Kind::Item, rand::random::<u64>))).collect();
                labels.extend(store::insert_blanks(tx, &drawn, ledger.now()).await?);
            }
            for made in &labels {
                let after = json!({ "id": made.id, "code": made.code, "status": made.status });
                ledger.record(Record {
                    subject: Subject::label(made.id.into()),
                    version: made.version,
                    kind: "label.made",
                    data: json!({ "kind": "label.made", "label_id": made.id, "code": made.code, "by": ledger.actor().id, "at": ledger.now() }),
                    after,
                    topics: vec![Topic::Org],
                    brand_after: None,
                });
            }
            Ok(json!(Blanks { labels }))
        })
    }
}
