//! What the device's thread and its tasks share.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use floorline_domain::ids::{DeviceId, LocationId};
use tokio::sync::Notify;

use super::Transport;
use crate::native::api::Api;
use crate::native::worker::Ask;
use crate::topic::Topic;

/// What the device's thread and its tasks share.
pub(in crate::native) struct Inner {
    pub(in crate::native) api: Api,
    pub(in crate::native) device_id: DeviceId,
    pub(super) site: LocationId,
    pub(in crate::native) folder: PathBuf,
    pub(in crate::native) transport: Transport,
    pub(in crate::native) asks: Sender<Ask>,
    pub(in crate::native) over_http: Arc<AtomicBool>,
    pub(in crate::native) failed_sockets: AtomicU32,
    pub(in crate::native) photos: Notify,
    pub(super) online: AtomicBool,
    /// Feeds polled over HTTP, by connection.
    pub(super) followed: Mutex<BTreeSet<(u64, Topic)>>,
}

impl Inner {
    pub(in crate::native) fn is_online(&self) -> bool {
        self.online.load(Ordering::Relaxed)
    }

    pub(in crate::native) fn is_followed(&self, connection: u64, topic: Topic) -> bool {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).contains(&(connection, topic))
    }

    pub(in crate::native) fn follow(&self, connection: u64, topic: Topic, follow: bool) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.retain(|(other, _)| *other == connection);
        if follow {
            followed.insert((connection, topic));
        } else {
            followed.remove(&(connection, topic));
        }
    }
}
