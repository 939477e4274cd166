//! Counts prints. Printing is no state of a label and no event: a label printed twice is the same label.

use std::collections::BTreeSet;

use floorline_domain::label::{Read, read};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::store;
use super::views::{Counted, Prints};
use crate::floor::engine::{Ledger, ServerOperation};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Codes in one request.
const MAX_CODES: usize = 1000;

/// The operation.
pub(super) struct CountPrints {
    prints: Prints,
}

impl CountPrints {
    /// Checks what is asked.
    pub(super) fn of(prints: Prints) -> Result<Self, ApiError> {
        match (&prints.codes, prints.order_id) {
            (Some(codes), None) if (1..=MAX_CODES).contains(&codes.len()) => Ok(Self { prints }),
            (Some(_), None) => {
                Err(ApiError::invalid_field("codes", "length", format!("Name 1 to {MAX_CODES} codes at a time.")))
            }
            (None, Some(_)) => Ok(Self { prints }),
            _ => Err(ApiError::invalid_field("codes", "required", "Name either codes or an order.")),
        }
    }
}

/// A code as it is stored, however it was typed or scanned.
fn as_stored(code: &str) -> String {
    match read(code) {
        Read::Code(code) => code.as_str().to_owned(),
        _ => code.to_owned(),
    }
}

impl ServerOperation for CountPrints {
    fn name(&self) -> &'static str {
        "label.print"
    }

    fn data(&self) -> Value {
        json!(self.prints)
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            if let Some(order) = self.prints.order_id {
                if !store::order_exists(tx, order).await? {
                    return Err(ApiError::invalid_field("order_id", "unknown", "There is no such order."));
                }
                let counted = store::count_prints_of_order(tx, order, ledger.now()).await?;
                return Ok(json!(Counted { counted, unknown: Vec::new() }));
            }
            let asked = self.prints.codes.as_deref().unwrap_or_default();
            let codes: Vec<String> = asked.iter().map(|code| as_stored(code)).collect();
            let counted = store::count_prints(tx, &codes, ledger.now()).await?;
            let known: BTreeSet<&str> = counted.iter().map(String::as_str).collect();
            let unknown = asked.iter().zip(&codes).filter(|(_, code)| !known.contains(code.as_str()));
            let unknown = unknown.map(|(asked, _)| asked.clone()).collect();
            Ok(json!(Counted { counted: counted.len(), unknown }))
        })
    }
}
