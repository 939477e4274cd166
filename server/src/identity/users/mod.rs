//! People. A user belongs to one organisation; their e-mail is theirs alone over the whole installation.

mod pin_routes;
mod routes;
mod store;
mod views;

pub(super) use self::routes::routes;
pub(super) use self::store::{
    NewUserRow, end_logins, insert, password_hash, pin_hash, renew_hash, renew_pin_hash, set_password, set_pin,
};
