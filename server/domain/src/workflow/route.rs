//! Where an item may go.
