//! Who is told what.

use chrono::{DateTime, Utc};
use floorline_domain::label::Code;
use floorline_domain::permission::Permission;
use serde_json::{Value, json};
use uuid::Uuid;

use super::card::{Card, Kind, words};
use super::find::{self, Found};
use crate::app::App;
use crate::floor::items::find_item;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{BrandTx, Identity, TenantTx};

/// What the code in an address is to `viewer`.
pub(super) async fn say(
    app: &App,
    text: &str,
    viewer: Option<&Identity>,
    now: DateTime<Utc>,
) -> Result<Card, ApiError> {
    let code = match Code::parse(text) {
        Ok(code) => code,
        Err(error) => {
            let text: String = text.chars().take(40).collect();
            let words = format!("This is no sound label code: {error}. Scan it again, or type it as it is printed.");
            return Ok(Card::new(Kind::Unsound, &text, "Not a label").text(words));
        }
    };
    let foreign = || {
        let words = "The code is sound, but no factory here has made it.";
        Card::new(Kind::Foreign, code.as_str(), "Another factory's label").text(words)
    };
    let Some(factory) = find::factory_of(&app.db, &code).await? else { return Ok(foreign()) };
    let mut tx = TenantTx::open(&app.db, factory).await?;
    let Some(found) = find::label(&mut tx, &code).await? else { return Ok(foreign()) };
    if found.status == "revoked" {
        let words = "It names nothing any more. Put another label on the thing.";
        return Ok(Card::new(Kind::Revoked, code.as_str(), "This label was revoked").text(words));
    }
    let of_factory = viewer.filter(|viewer| viewer.org_id == factory);
    if let Some(viewer) = of_factory
        && let Some(card) = to_the_factory(&mut tx, &code, &found, viewer, now).await?
    {
        return Ok(card);
    }
    drop(tx);
    if let (None, Some(viewer)) = (of_factory, viewer)
        && let Some(card) = to_a_brand(app, &code, &found, viewer).await?
    {
        return Ok(card);
    }
    Ok(to_a_stranger(&code, &found))
}

/// To people of the factory; none when they may not see what it is on.
async fn to_the_factory(
    tx: &mut TenantTx,
    code: &Code,
    found: &Found,
    viewer: &Identity,
    now: DateTime<Utc>,
) -> Result<Option<Card>, ApiError> {
    let may = |permission| viewer.permissions.contains(&permission);
    if found.status == "blank" {
        let words = "It is on nothing yet. Claim it for an item to put it there.";
        return Ok(
            may(Permission::LabelView).then(|| Card::new(Kind::Blank, code.as_str(), "A blank label").text(words))
        );
    }
    if let Some(place) = &found.place {
        return Ok(may(Permission::LocationView).then(|| {
            let card = Card::new(Kind::Place, code.as_str(), place.as_str());
            replaced_by(card.fact("What it is", found.place_kind.as_deref()), found)
        }));
    }
    if found.kind == "user" {
        let name = found.worker.as_deref().filter(|_| may(Permission::UserView));
        let card = Card::new(Kind::Badge, code.as_str(), "A worker's badge").fact("Name", name);
        return Ok(Some(replaced_by(card, found)));
    }
    let Some(item) = found.item_id.filter(|_| may(Permission::ItemView)) else { return Ok(None) };
    let view = json!(find_item(tx, item, &["stage"], now).await?);
    let oversees = may(Permission::ScanView) || may(Permission::ItemOverride);
    let mut card = work(code, found, item, &view);
    if oversees {
        card.kind = Kind::History;
        card.history = find::history(tx, item).await?;
    }
    Ok(Some(card))
}

/// The stage an item is in, and what is to be done there.
fn work(code: &Code, found: &Found, item: Uuid, view: &Value) -> Card {
    let stage = view.pointer("/now/stage").unwrap_or(&Value::Null);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut card = Card::new(Kind::Work, code.as_str(), found.item_code.clone().unwrap_or_default())
        .fact("Stage", stage.get("name").and_then(text))
        .fact("Status", found.item_status.as_deref().map(words))
        .fact("What it is", found.line_name.clone())
        .fact("Order", found.po_number.clone());
    card = replaced_by(card, found);
    card.item_id = Some(item);
    card.order_id = found.order_id;
    card.next = next_steps(view, stage);
    card
}

/// Actions that are missing, by their labels; once none is, where it goes from here.
fn next_steps(view: &Value, stage: &Value) -> Vec<String> {
    let list = |path: &str| view.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
    let actions = stage.get("actions").and_then(Value::as_array).cloned().unwrap_or_default();
    let label = |id: &Value| {
        let key = id.as_str().and_then(|id| id.rsplit_once('.')).map(|(_, key)| key)?;
        let action = actions.iter().find(|action| action.get("key").and_then(Value::as_str) == Some(key))?;
        action.get("label").and_then(Value::as_str).map(str::to_owned)
    };
    let missing: Vec<String> = list("/now/missing_actions").iter().filter_map(label).collect();
    if !missing.is_empty() {
        return missing;
    }
    let ways = list("/now/allowed_next");
    ways.iter().map(|to| to.as_str().map_or("Complete it".to_owned(), |to| format!("On to {}", words(to)))).collect()
}

/// To the brand of the order, from what the brand may read and nothing else.
async fn to_a_brand(app: &App, code: &Code, found: &Found, viewer: &Identity) -> Result<Option<Card>, ApiError> {
    let Some(order) = found.order_id.filter(|_| viewer.permissions.contains(&Permission::BrandView)) else {
        return Ok(None);
    };
    let mut tx = BrandTx::open(&app.db, viewer.org_id).await?;
    let Some(progress) = find::order_of_brand(&mut tx, order).await? else { return Ok(None) };
    let title = found.po_number.clone().unwrap_or_default();
    let mut card = Card::new(Kind::Progress, code.as_str(), title)
        .fact("Order", Some(words(&progress.status)))
        .fact("Completed", Some(format!("{} of {}", progress.items_completed, progress.items_total)))
        .fact("Begun", Some(progress.items_started.to_string()))
        .fact("Scrapped", Some(progress.items_scrapped.to_string()))
        .fact("This item", found.item_code.clone())
        .fact("Its status", found.item_status.as_deref().map(words))
        .fact("Made by", Some(found.factory_name.as_str()));
    card.notice = found.successor.is_some().then(|| "This label was replaced by another.".to_owned());
    card.order_id = Some(order);
    Ok(Some(card))
}

/// To anybody: the passport where the order has a public one.
fn to_a_stranger(code: &Code, found: &Found) -> Card {
    if !found.public_passport || found.item_id.is_none() {
        let words = "This label belongs to a factory that uses Floorline. Sign in to see what it is on.";
        return Card::new(Kind::SignIn, code.as_str(), "Sign in").text(words);
    }
    let name = found.line_name.clone().or_else(|| found.item_code.clone()).unwrap_or_default();
    Card::new(Kind::Passport, code.as_str(), name)
        .fact("Number", found.item_code.clone())
        .fact("Brand", found.brand_name.clone())
        .fact("Made by", Some(found.factory_name.as_str()))
        .fact("Completed", found.completed_at.map(|at| at.format("%Y-%m-%d").to_string()))
}

/// With a notice where another label took its place.
fn replaced_by(mut card: Card, found: &Found) -> Card {
    let carrier = match found.kind.as_str() {
        "location" => "place",
        "user" => "worker",
        _ => "thing",
    };
    card.notice = found
        .successor
        .as_ref()
        .map(|successor| format!("This label was replaced. The {carrier} carries {successor} now; take this one off."));
    card
}
