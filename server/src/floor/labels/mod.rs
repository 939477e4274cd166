//! Labels: the codes printed on things, places and badges.
//!
//! [`render`] draws them. It knows no database and no request: whoever has a label's code and texts may call it.

pub mod render;
