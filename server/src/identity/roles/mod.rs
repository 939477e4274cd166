//! Roles: named sets of permissions an administrator edits. A new organisation gets templates of its kind; from then on they are rows like any.

mod routes;
mod store;
mod views;

pub(super) use self::routes::routes;
pub(super) use self::store::{NewRole, insert, permissions_of, someone_administers};
