//! The rules of the floor. Pure: no IO, no clock, no randomness.
