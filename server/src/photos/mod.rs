//! Photos: uploaded in parts (tus 1.0), checked, stored once an organisation by their content, and shown in copies that do not say
//! where they were taken.
//!
//! A photo is no entry and waits for none: an act names it by its hash, before or after the bytes have come, and whether evidence is
//! pending follows from what is here. So an upload that ends tells nobody, and the next look sees it.
//!
//! Where bytes lie in the object store, below the organisation's id: `uploads/<id>/…` parts of an upload, `photos/<first two of
//! the hash>/<hash>` the photo as it came, `copies/<hash>/<size>` what is made from it and can be made again.

mod complete_upload;
mod copies;
mod create_upload;
mod hold_content;
mod inspect;
mod keep;
mod let_go;
mod metadata;
mod pictures;
mod receive_upload;
mod remove_old;
mod routes;
mod show_copy;
mod store;
mod tus;
mod upload_routes;
mod upload_store;
mod views;

use floorline_domain::OrgId;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::copies::Size;
pub use self::keep::{Kept, keep, largest};
pub use self::pictures::{Pictures, refused};
pub use self::receive_upload::SILENCE;
pub use self::remove_old::{Removed, remove_old};

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.configure(upload_routes::routes).configure(routes::routes);
}

/// Where a photo lies in the object store.
fn content_path(org: OrgId, sha256: &str) -> String {
    let (shelf, _) = sha256.split_at_checked(2).unwrap_or((sha256, ""));
    format!("{org}/photos/{shelf}/{sha256}")
}

/// Where the copies of a photo lie.
fn copies_folder(org: OrgId, sha256: &str) -> String {
    format!("{org}/copies/{sha256}")
}

/// Where one of them lies.
fn copy_path(org: OrgId, sha256: &str, size: Size) -> String {
    format!("{}/{}", copies_folder(org, sha256), size.as_str())
}

/// Where the parts of an upload lie.
fn parts_folder(org: OrgId, upload: Uuid) -> String {
    format!("{org}/uploads/{upload}")
}
