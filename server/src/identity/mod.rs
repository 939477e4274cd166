//! Organisations and their partnerships, people and what they may do, the phones they carry and what they are told on them, and the record of who changed what.

pub mod audit;
mod checks;
mod devices;
mod lately;
mod logins;
mod lookup;
mod organizations;
mod partnerships;
mod passwords;
mod pins;
pub mod push;
mod roles;
mod sign_in;
mod throttle;
mod users;

use utoipa_actix_web::service_config::ServiceConfig;

pub use self::devices::{Device, DeviceProof, DeviceState, Session, Signed, device_session, redeem_ticket};
pub use self::organizations::{Founded, Founding, create_first_admin, found, stuck_after};
pub use self::passwords::{PasswordError, Passwords};
pub use self::sign_in::SignIn;

/// Every route of identity.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .configure(logins::routes)
        .configure(organizations::routes)
        .configure(partnerships::routes)
        .configure(users::routes)
        .configure(roles::routes)
        .configure(devices::routes)
        .configure(push::routes)
        .configure(audit::routes);
}
