//! Who asks, for which organisation, and what they may do.
//!
//! [`TenantTx`] is the only thing a store accepts; [`Allowed`] is the only thing a handler that needs a permission accepts.
//! Forgetting either does not compile.

mod allowed;
mod identity;
mod tokens;
mod transaction;

pub use self::allowed::{Allowed, Requires, may};
pub use self::identity::{Identity, access_claims};
pub use self::tokens::{ACCESS_TTL, AccessClaims, SigningKeys};
pub use self::transaction::{BrandTx, TenantTx};
