//! Isolation: whatever one organisation does, it neither sees nor changes anything of another (invariant S12).
//!
//! Nothing here is a list of what there is today. The routes and their fields come from the OpenAPI document (`document.rs`), the operations from the
//! protocol, the tables from PostgreSQL's catalogue. [`scene::Scene`] is one organisation that has a row in every table, with a word of its own in
//! everything a person may write; `words.rs` says what each field of a request is called there. A field it does not know fails the test.

mod attack;
mod document;
mod operations;
mod pool;
mod quiet;
mod requests;
mod roles;
mod rows;
mod scene;
mod words;
mod written;
