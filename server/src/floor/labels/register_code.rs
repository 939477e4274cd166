//! Registers a code that another maker printed for an item, and takes it from it again.

use actix_web::http::StatusCode;
use floorline_domain::label::registered_as;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use uuid::Uuid;

use super::views::ItemCode;
use super::{codes, store};
use crate::floor::engine::{Ledger, Record, ServerOperation, Subject, Topic};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Registers a code; the same again is what it was.
pub(super) struct RegisterCode {
    item: Uuid,
    text: String,
}

impl RegisterCode {
    /// Checks what is asked.
    pub(super) fn of(item: Uuid, raw: &str) -> Result<Self, ApiError> {
        Ok(Self { item, text: codes::checked(raw)? })
    }
}

impl ServerOperation for RegisterCode {
    fn name(&self) -> &'static str {
        "item_code.register"
    }

    fn data(&self) -> Value {
        json!({ "item_id": self.item, "raw": self.text })
    }

    fn status(&self) -> StatusCode {
        StatusCode::CREATED
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let topic = topic(tx, self.item).await?;
            let before = match codes::find(tx, &self.text).await? {
                Some(known) if known.in_use && known.code.item_id == self.item => return Ok(json!(known.code)),
                Some(known) if known.in_use => return Err(codes::taken()),
                before => before.map(|known| known.code),
            };
            codes::require_room(tx, self.item, &self.text).await?;
            let code = ItemCode {
                raw: self.text.clone(),
                item_id: self.item,
                created_by: ledger.actor().id.0,
                created_at: ledger.now(),
                id: before.as_ref().map_or_else(Uuid::now_v7, |before| before.id),
                version: before.as_ref().map_or(1, |before| before.version + 1),
            };
            match before {
                Some(_) => codes::update(tx, &code, None).await?,
                None if codes::insert(tx, &code).await? => {}
                None => {
                    let known = codes::find(tx, &self.text).await?.filter(|known| known.code.item_id == self.item);
                    return known.map(|known| json!(known.code)).ok_or_else(codes::taken);
                }
            }
            record(ledger, &code, "item_code.registered", Some(self.item), topic);
            Ok(json!(code))
        })
    }
}

/// Takes a code from an item.
pub(super) struct RemoveCode {
    pub(super) item: Uuid,
    pub(super) raw: String,
}

impl ServerOperation for RemoveCode {
    fn name(&self) -> &'static str {
        "item_code.remove"
    }

    fn data(&self) -> Value {
        json!({ "item_id": self.item, "raw": self.raw })
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let topic = topic(tx, self.item).await?;
            let known = codes::find(tx, &registered_as(&self.raw)).await?;
            let Some(mut code) =
                known.filter(|known| known.in_use && known.code.item_id == self.item).map(|known| known.code)
            else {
                return Err(ApiError::not_found("code of this item"));
            };
            code.version += 1;
            codes::update(tx, &code, Some(ledger.now())).await?;
            record(ledger, &code, "item_code.removed", None, topic);
            Ok(Value::Null)
        })
    }
}

/// Those hear of it whose snapshots have the item.
async fn topic(tx: &mut TenantTx, item: Uuid) -> Result<Topic, ApiError> {
    let site = store::site_of_item(tx, item).await?.ok_or_else(|| ApiError::not_found("item"))?;
    Ok(Topic::Site(site))
}

/// Logs `kind`. The code is as it is afterwards; `names` is the item that it stands for from now on.
fn record(ledger: &mut Ledger, code: &ItemCode, kind: &'static str, names: Option<Uuid>, topic: Topic) {
    ledger.record(Record {
        subject: Subject::item_code(code.id),
        version: code.version,
        kind,
        data: json!({ "kind": kind, "raw": code.raw, "item_id": code.item_id, "by": ledger.actor().id, "at": ledger.now() }),
        after: json!({ "id": code.id, "raw": code.raw, "item_id": names, "version": code.version }),
        topics: vec![topic],
        brand_after: None,
    });
}
