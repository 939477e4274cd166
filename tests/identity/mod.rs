//! Organisations, partnerships, people, roles, logins, devices and the audit chain.

mod audit;
mod badges;
mod bound_logins;
mod devices;
mod logins;
mod organizations;
mod partnerships;
mod pins;
mod roles;
mod tickets;
mod users;
