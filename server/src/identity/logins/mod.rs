//! Logins: signing in by password or by badge, staying signed in by a refresh token, signing out.
//!
//! A refresh token is `login.generation.mac`; nothing of it is stored, so nothing of it can be stolen from the database. Refreshing moves the
//! login to the next generation. An answer may be lost on the way: until the successor is used, the token before it gives the same successor
//! again. Once it is used, an older token proves that two hold it, and the login ends.
//!
//! A login that began with a device's proof is bound to that device: its refresh token is nothing without a proof by the same key, so that a
//! browser may keep it where scripts can read it. Revoking the device ends it.

mod badge;
mod counted;
mod own_routes;
mod refresh;
mod refresh_token;
mod routes;
mod start;
mod store;
mod views;

pub(super) use self::routes::routes;
