//! Letting a device in: a code, a key, six digits on two screens.

use chrono::{DateTime, Utc};
use floorline_domain::UserId;
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::json;
use uuid::Uuid;

use super::code;
use super::key::DeviceKey;
use super::store::{self, DeviceRow};
use super::views::{ClaimBody, ClaimedDevice, EnrolmentView, NewEnrolment};
use crate::app::App;
use crate::identity::{audit, checks, lookup};
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::{Identity, TenantTx};

/// Makes a code for one device of a site. `base` is the address the device will find us at.
pub(super) async fn make_code(
    tx: &mut TenantTx,
    by: &Identity,
    body: &NewEnrolment,
    base: &str,
    now: DateTime<Utc>,
) -> Result<EnrolmentView, ApiError> {
    let mut faults = Vec::new();
    let name = checks::name("name", &body.name, 200, &mut faults);
    checks::refuse(faults)?;
    if !store::is_site(tx, body.site_id).await? {
        return Err(ApiError::invalid_field("site_id", "UNKNOWN", "There is no such site."));
    }
    let (id, code) = (Uuid::now_v7(), code::draw());
    let hash = code::hash(&code);
    let expires_at = store::insert_enrolment(tx, id, (body.site_id, &name, &hash), by.user_id, now).await?;
    let detail = json!({ "enrolment_id": id, "site_id": body.site_id, "name": name });
    audit::append(tx, Some(by.user_id), "device.invited", detail, now).await?;
    let url = format!("{base}/enrol/{code}");
    let drawn = QrCode::new(url.as_bytes()).map_err(ApiError::internal)?;
    let qr_svg = drawn.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok(EnrolmentView { id, code, url, qr_svg, expires_at })
}

/// The device's half: the code and its public key. The same key may ask again (its answer was lost); another key is too late.
pub(super) async fn claim(app: &App, body: &ClaimBody, now: DateTime<Utc>) -> Result<ClaimedDevice, ApiError> {
    let key = DeviceKey::from_jwk(&body.public_key)
        .ok_or_else(|| ApiError::invalid_field("public_key", "KEY", "public_key is the JWK of a public P-256 key."))?;
    let unknown = || ApiError::not_found("enrolment code");
    let (org, id) = lookup::enrolment(&app.db, &code::hash(&body.code)).await?.ok_or_else(unknown)?;
    let mut tx = TenantTx::open(&app.db, org).await?;
    let enrolment = store::find_enrolment(&mut tx, id).await?;
    if let Some(device) = enrolment.device_id {
        let row = store::find(&mut tx, device).await?;
        if DeviceKey::from_jwk(&row.public_key) == Some(key) {
            return Ok(row.into());
        }
        return Err(ApiError::new(Code::StateConflict, "Another device used this code."));
    }
    if enrolment.expires_at <= now {
        return Err(ApiError::new(Code::Expired, "This code is past its ten minutes; ask for another."));
    }
    let row = DeviceRow {
        id: Uuid::now_v7(),
        site_id: enrolment.site_id,
        name: enrolment.name,
        platform: short(&body.platform),
        app_version: short(&body.app_version),
        public_key: key.jwk(),
        state: "pending".into(),
        digits: code::digits(),
        enrolled_by: enrolment.created_by,
        approved_by: None,
        approved_at: None,
        revoked_by: None,
        revoked_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::insert(&mut tx, &row).await?;
    store::claim_enrolment(&mut tx, enrolment.id, row.id).await?;
    let detail = json!({ "device_id": row.id, "enrolment_id": enrolment.id, "platform": row.platform });
    audit::append(&mut tx, None, "device.claimed", detail, now).await?;
    tx.commit().await?;
    Ok(row.into())
}

/// The administrator's half: the digits on the device are the ones on their screen.
pub(super) async fn approve(
    tx: &mut TenantTx,
    by: UserId,
    id: Uuid,
    digits: &str,
    now: DateTime<Utc>,
) -> Result<DeviceRow, ApiError> {
    let mut row = store::find_for_update(tx, id).await?;
    match row.state.as_str() {
        "active" => return Ok(row),
        "pending" => {}
        _ => return Err(ApiError::new(Code::StateConflict, "The device was revoked; enrol it again.")),
    }
    if digits.trim() != row.digits {
        return Err(ApiError::invalid_field("digits", "WRONG", "Those are not the digits on the device."));
    }
    row.state = "active".into();
    (row.approved_by, row.approved_at) = (Some(by.0), Some(now));
    (row.updated_at, row.version) = (now, row.version + 1);
    store::update(tx, &row).await?;
    audit::append(tx, Some(by), "device.approved", json!({ "device_id": row.id }), now).await?;
    Ok(row)
}

/// What a device says of itself is only shown: shortened, without control characters.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}
