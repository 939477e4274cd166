//! Two whole servers on one database: one after the other is replaced while phones work, and jobs are run apart from requests.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::Utc;
use floorline_domain::item::Command as Item;
use floorline_domain::{ItemId, Outcome};
use floorline_mobile_sync::client::Notice;
use floorline_mobile_sync::native::Server;
use floorline_mobile_sync::resume::LinkState;
use floorline_server::checker::{check, read};
use floorline_server::platform::config::{Config, Source};
use floorline_server::platform::jobs::{NewJob, Registry, Runner, Wake, enqueue};
use floorline_server::platform::tenancy::{SigningKeys, TenantTx};
use floorline_server::serving::Serving;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::handheld::{Hand, hand, ids, on, shown, soon};
use crate::harness::balancer::Balancer;
use crate::harness::{Floor, count, eventually};

/// Two servers behind one address, over a floor's database.
struct Pair {
    floor: Floor,
    folder: TempDir,
    addresses: Vec<SocketAddr>,
    balancer: Balancer,
}

impl Pair {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        SigningKeys::read_or_make(&folder.path().join("key.pem")).unwrap();
        // Both are held until both are known.
        let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let addresses: Vec<SocketAddr> = held.iter().map(|listener| listener.local_addr().unwrap()).collect();
        let balancer = Balancer::before(addresses.clone()).await;
        Self { floor: Floor::new().await, folder, addresses, balancer }
    }

    async fn start(&self, n: usize, more: &[(&str, &str)]) -> Serving {
        let folder = self.folder.path();
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut env = vec![
            set("FLOORLINE_BIND", &self.addresses[n].to_string()),
            set("FLOORLINE_PUBLIC_URL", &self.balancer.url()),
            set("FLOORLINE_METRICS_BIND", "off"),
            set("FLOORLINE_WORKERS", "1"),
            set("FLOORLINE_ADDRESS_RATE", "0"),
            set("FLOORLINE_USER_RATE", "0"),
            set("FLOORLINE_JITTER_MS", "50"),
            set("FLOORLINE_DATA", &folder.join(format!("node-{n}")).display().to_string()),
            set("FLOORLINE_OBJECTS", &folder.join("objects").display().to_string()),
            set("FLOORLINE_SIGNING_KEY", &folder.join("key.pem").display().to_string()),
            set("DATABASE_URL", self.floor.database().url()),
        ];
        env.extend(more.iter().map(|(name, value)| set(name, value)));
        Serving::start(&Config::read(Source::new(env, "").unwrap()).unwrap()).await.unwrap()
    }

    async fn hand(&self, role: &str) -> Arc<Hand> {
        let server = Server::at(self.balancer.url()).unwrap();
        let hand = hand(&self.floor, self.floor.north(), role, |config| config.server = server).await;
        hand.phone.go_online();
        shown(&hand.phone).await;
        Arc::new(hand)
    }
}

/// Somebody who writes notes, one after the other, each until its verdict.
struct Worker {
    hand: Arc<Hand>,
    done: Arc<AtomicUsize>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Worker {
    fn start(hand: &Arc<Hand>, items: &[ItemId]) -> Self {
        let (done, stop) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let task = tokio::spawn({
            let (hand, items, done, stop) = (Arc::clone(hand), items.to_vec(), Arc::clone(&done), stop.clone());
            async move {
                for (n, item) in items.iter().cycle().enumerate() {
                    if stop.is_cancelled() {
                        return;
                    }
                    let act = hand.phone.act(on(*item, Item::AddNote { text: format!("note {n}") })).await.unwrap();
                    assert_eq!(soon(hand.phone.verdict(act)).await.unwrap().outcome, Outcome::Applied);
                    done.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        Self { hand: Arc::clone(hand), done, stop, task }
    }

    fn verdicts(&self) -> usize {
        // Diesel gives everything a `load`, an `Arc` too.
        AtomicUsize::load(&self.done, Ordering::SeqCst)
    }

    /// Waits for two more verdicts: the second was asked for after this was called.
    async fn goes_on(&self) {
        let wanted = self.verdicts() + 2;
        eventually("verdicts", async || {
            assert!(!self.task.is_finished(), "it stopped working");
            (self.verdicts() >= wanted).then_some(())
        })
        .await;
    }
}

async fn all_go_on(workers: &[Worker]) {
    futures_util::future::join_all(workers.iter().map(Worker::goes_on)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_replaced_one_by_one_and_the_phones_only_reconnect() {
    let pair = Pair::new().await;
    let mut nodes = [Some(pair.start(0, &[]).await), Some(pair.start(1, &[]).await)];
    let north = pair.floor.north();
    let items = ids(&north.items_of(&north.accepted_order(4).await).await);
    let (mut workers, mut told) = (Vec::new(), Vec::new());
    for role in ["operator", "operator2", "supervisor", "operator"] {
        let hand = pair.hand(role).await;
        told.push(hand.phone.events());
        workers.push(Worker::start(&hand, &items));
    }
    all_go_on(&workers).await;
    for n in [0, 1] {
        let steps = nodes[n].take().unwrap().stop().await.unwrap();
        assert_eq!(steps[..5], ["drain", "http", "sockets", "jobs", "engine"]);
        // Everybody's stream goes on at the other server: the only one there is.
        all_go_on(&workers).await;
        nodes[n] = Some(pair.start(n, &[]).await);
        all_go_on(&workers).await;
    }
    for worker in &mut workers {
        worker.stop.cancel();
        (&mut worker.task).await.unwrap();
    }
    for mut told in told {
        while let Ok(notice) = told.try_recv() {
            let wrong = matches!(
                notice,
                Notice::Resealed { .. }
                    | Notice::Rewound { .. }
                    | Notice::Revoked { .. }
                    | Notice::Link(LinkState::Stopped(_))
            );
            assert!(!wrong, "{notice:?}");
        }
    }
    let mut history = read::database(pair.floor.database().owner_url(), None).await.unwrap();
    for worker in &workers {
        history.devices.push(read::phone(&worker.hand.phone).await.unwrap());
    }
    let report = check(&history);
    assert_eq!(report.violations, []);
    let done: usize = workers.iter().map(|worker| worker.verdicts()).sum();
    assert_eq!((report.entries, report.unsent, report.lost, report.doubled), (done, 0, 0, 0));
    assert!(done >= 4 * 10);
    for node in nodes.into_iter().flatten() {
        node.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_runs_no_jobs_leaves_them_to_a_worker_apart() {
    let pair = Pair::new().await;
    let serving = pair.start(0, &[("FLOORLINE_JOBS", "0")]).await;
    let ids: Vec<Uuid> = (0..20).map(|_| Uuid::now_v7()).collect();
    let queued = |id: &Uuid| NewJob { id: *id, kind: "elsewhere", payload: json!({}), run_at: Utc::now() };
    let mut tx = TenantTx::open(&serving.app.db, pair.floor.north().id()).await.unwrap();
    enqueue(&mut tx, &ids.iter().map(queued).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    serving.app.jobs.now();
    // The server knows no job of this kind: one that it ran would have failed once.
    let registry = Registry::default().on("elsewhere", |_| async { Ok(()) });
    let runner = Runner::new(pair.floor.app.db.clone(), registry, Wake::default(), 4, Uuid::now_v7());
    let stop = CancellationToken::new();
    let running = tokio::spawn(runner.run(stop.clone(), Duration::from_secs(20)));
    let done = "SELECT count(*) AS n FROM jobs WHERE kind = 'elsewhere' AND state = 'done' AND attempts = 1";
    eventually("all jobs done at once", async || {
        (count(pair.floor.database().owner_url(), done).await == 20).then_some(())
    })
    .await;
    stop.cancel();
    running.await.unwrap();
    serving.stop().await.unwrap();
}
