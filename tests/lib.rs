//! The integration tests of Floorline; see `main.rs`.
