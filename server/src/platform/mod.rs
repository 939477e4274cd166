//! What every feature stands on. It never names a feature.

pub mod db;
pub mod http;
pub mod tenancy;
