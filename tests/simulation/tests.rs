//! What the simulation promises of itself.

use super::*;
