//! Organisations, partnerships, people, roles, logins, devices and the audit chain.

mod audit;
mod devices;
mod logins;
mod organizations;
mod partnerships;
mod roles;
mod tickets;
mod users;
