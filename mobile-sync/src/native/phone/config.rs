//! What a phone is opened with.

use std::path::PathBuf;

use floorline_domain::ids::LocationId;

use crate::native::api::Server;
use crate::topic::Topic;

/// How a device reaches its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// A WebSocket, or HTTP when none can be opened.
    #[default]
    Auto,
    /// A WebSocket or nothing.
    WebSocket,
    /// HTTP requests only.
    Http,
}

/// What a phone is opened with.
#[derive(Debug, Clone)]
pub struct PhoneConfig {
    /// The server.
    pub server: Server,
    /// The device's own folder: key, session, databases, photos.
    pub folder: PathBuf,
    /// Its site.
    pub site: LocationId,
    /// Follow the site's feed and keep its floor; a device that only writes does without.
    pub follow_site: bool,
    /// Further feeds.
    pub topics: Vec<Topic>,
    /// How it connects.
    pub transport: Transport,
    /// The app's version.
    pub app_version: String,
    /// Milliseconds its wall clock is off.
    pub clock_off_ms: i64,
}

impl PhoneConfig {
    /// A phone of a site that follows it.
    pub fn new(server: Server, folder: impl Into<PathBuf>, site: LocationId) -> Self {
        Self {
            server,
            folder: folder.into(),
            site,
            follow_site: true,
            topics: Vec::new(),
            transport: Transport::Auto,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            clock_off_ms: 0,
        }
    }
}
