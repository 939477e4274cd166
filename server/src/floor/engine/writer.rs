//! One site's writer: takes what waits, applies it in one transaction, answers, begins again.

use std::sync::Arc;

use chrono::Utc;
use floorline_domain::{LocationId, OrgId, StreamId};
use tokio::sync::{broadcast, mpsc, oneshot};
use uuid::Uuid;

use super::ledger::{Actor, Head};
use super::server_operation;
use super::submission::{Answer, ServerOperation};
use crate::platform::db::Db;
use crate::platform::http::{ApiError, IdempotencyKey};

/// What waits at the door, each with its way back.
pub(super) enum Work {
    Server {
        actor: Actor,
        operation: Box<dyn ServerOperation>,
        key: IdempotencyKey,
        reply: oneshot::Sender<Result<Answer, ApiError>>,
    },
}

/// The task of one site, or of what an organisation has without a site.
pub(super) struct Writer {
    db: Db,
    org: OrgId,
    #[expect(dead_code, reason = "the batches use it")]
    site: Option<LocationId>,
    /// The server's own stream for this site: a new one each time a writer starts.
    stream: StreamId,
    committed: broadcast::Sender<Arc<Vec<Head>>>,
}

impl Writer {
    pub(super) fn new(
        db: Db,
        org: OrgId,
        site: Option<LocationId>,
        committed: broadcast::Sender<Arc<Vec<Head>>>,
    ) -> Self {
        Self { db, org, site, stream: StreamId(Uuid::new_v4()), committed }
    }

    /// Works until the queue is closed and empty.
    pub(super) async fn run(self, mut queue: mpsc::Receiver<Work>) {
        while let Some(work) = queue.recv().await {
            match work {
                Work::Server { actor, mut operation, key, reply } => {
                    let done = server_operation::run(
                        &self.db,
                        self.org,
                        self.stream,
                        actor,
                        operation.as_mut(),
                        key,
                        Utc::now(),
                    )
                    .await;
                    let answer = done.map(|(answer, heads)| {
                        self.tell(heads);
                        answer
                    });
                    // Whoever asked may have gone; it is done all the same.
                    drop(reply.send(answer));
                }
            }
        }
    }

    fn tell(&self, heads: Vec<Head>) {
        if !heads.is_empty() {
            // No receiver: nobody watches.
            drop(self.committed.send(Arc::new(heads)));
        }
    }
}
