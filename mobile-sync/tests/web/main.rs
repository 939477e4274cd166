//! The calls a browser makes.
