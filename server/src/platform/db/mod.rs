//! PostgreSQL: where it is, how it is reached.

pub mod embedded;
