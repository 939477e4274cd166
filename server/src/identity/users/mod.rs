//! People. A user belongs to one organisation; their e-mail is theirs alone over the whole installation.

mod routes;
mod store;
mod views;

pub(super) use self::routes::routes;
pub(super) use self::store::{NewUserRow, end_logins, insert, password_hash, renew_hash, set_password};
