//! `signature`: a drawn name, stored as a picture.

use serde::{Deserialize, Serialize};

/// Configuration of a signature: there is nothing to configure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignatureConfig {}
