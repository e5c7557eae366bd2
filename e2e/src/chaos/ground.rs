//! What the run stands on: a deployment, and what can go wrong with its broker and its store.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::data_folder::{DOCUMENTS, QUEUE};
use reqwest::Client;
use rusqlite::Connection;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::error::ChaosError;
use super::schedule::{Fault, Mode, Process, Side};
use crate::binaries::Binaries;
use crate::deployment::{Cloud, Deployment, Embedded, FIRESTORE_HOST, PUBSUB_HOST, Settings};
use crate::emulators::Emulators;
use crate::line::Line;
use crate::relay::Faults;
use crate::service::ServiceError;

/// The relay delivers each message up to three times, late and out of order.
const FAULTS: Faults =
    Faults { repeats: 2, delay: Duration::from_millis(200), answers_are_lost: false };
/// How long nothing may be delivered before all is at rest. On the emulators a message whose
/// acknowledgement was lost comes again after the lease, 60 s.
const QUIET: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(70)];
/// The longest wait for that.
const REST_LIMIT: Duration = Duration::from_secs(1_200);
const POLL: Duration = Duration::from_millis(500);
/// The longest wait for a program that was just started to end the work on a message. In a trouble of
/// the store it may end none.
const WORK_LIMIT: Duration = Duration::from_secs(4);

pub(super) struct Ground {
    pub(super) deployment: Deployment,
    /// To the broker and to the store, on the emulators.
    lines: Option<[Arc<Line>; 2]>,
    /// What ends the troubles of broker and store.
    ends: [Option<JoinHandle<()>>; 2],
    client: Client,
}

impl Ground {
    pub(super) async fn start(mode: Mode) -> Result<Self, ChaosError> {
        let mut settings = vec![
            ("PORT", port()?.to_string()),
            // A text of one part is worked on for about 10 ms, a whole part for most of a second.
            ("WORK_SECONDS_PER_CHAR", "0.0002".to_owned()),
            ("COMMIT_INTERVAL_MS", "50".to_owned()),
        ];
        let (deployment, lines) = match mode {
            Mode::Embedded => {
                let embedded = Embedded::start(settings).await?;
                (Deployment::Embedded(Box::new(embedded)), None)
            }
            Mode::Cloud => {
                let (cloud, lines) = cloud(&mut settings).await?;
                (Deployment::Cloud(Box::new(cloud)), Some(lines))
            }
        };
        let client = Client::builder().timeout(POLL).build().expect("a client without TLS");
        Ok(Self { deployment, lines, ends: [None, None], client })
    }

    pub(super) async fn kill(&mut self, process: Process) -> Result<(), ServiceError> {
        match process {
            Process::Gateway => self.deployment.crash_gateway().await,
            Process::Spillway | Process::Worker => self.deployment.crash_worker().await,
        }
    }

    pub(super) fn begin(&mut self, side: Side, fault: Fault, lasts: Duration) {
        if let Some(earlier) = self.ends[side as usize].take() {
            earlier.abort();
        }
        let line = self.lines.as_ref().map(|lines| Arc::clone(&lines[side as usize]));
        self.ends[side as usize] = match (&self.deployment, line) {
            (Deployment::Embedded(embedded), _) => {
                let file = [QUEUE, DOCUMENTS][side as usize];
                Some(tokio::spawn(hold(embedded.folder().join(file), lasts)))
            }
            (_, Some(line)) => begin(line, fault, lasts),
            _ => None,
        };
    }

    /// Ends all troubles.
    pub(super) fn mend(&mut self) {
        self.ends.iter_mut().filter_map(Option::take).for_each(|end| end.abort());
        self.lines.iter().flatten().for_each(|line| line.mend());
    }

    /// How many messages the worker has found to be duplicates since it was started, or 0 if it does
    /// not say at once.
    pub(super) async fn duplicates(&self) -> usize {
        self.delivered("outcome=\"duplicate\"").await.unwrap_or(0)
    }

    /// Waits until the worker has ended the work on a message since it was started: a kill before that
    /// would find little. `false` if that takes too long.
    pub(super) async fn works(&self) -> bool {
        let began = Instant::now();
        while began.elapsed() < WORK_LIMIT {
            if self.delivered("").await.is_some_and(|messages| messages > 0) {
                return true;
            }
            sleep(POLL / 10).await;
        }
        false
    }

    /// Waits until nothing is delivered any more; `false` if that takes too long.
    pub(super) async fn is_at_rest(&self) -> bool {
        let began = Instant::now();
        let (mut last, mut since) = (None, Instant::now());
        while began.elapsed() < REST_LIMIT {
            let now = self.activity().await;
            if now.is_none() || now != last {
                (last, since) = (now, Instant::now());
            }
            if since.elapsed() > QUIET[usize::from(self.lines.is_some())] {
                return true;
            }
            sleep(POLL).await;
        }
        false
    }

    /// Numbers that change while messages are delivered; `None` while some wait.
    async fn activity(&self) -> Option<(usize, usize)> {
        let delivered = self.delivered("").await?;
        match &self.deployment {
            Deployment::Embedded(_) => {
                let waiting = self.metric("spillway_queue_backlog", "").await?;
                (waiting == 0).then_some((delivered, 0))
            }
            Deployment::Cloud(cloud) => {
                Some((delivered, cloud.relay().pushes() + cloud.dead_letter_relay().pushes()))
            }
        }
    }

    async fn delivered(&self, label: &str) -> Option<usize> {
        self.metric("spillway_messages_delivered_total", label).await
    }

    /// The sum of a metric's series that have this label.
    async fn metric(&self, name: &str, label: &str) -> Option<usize> {
        let url = format!("{}/metrics", self.deployment.worker_url());
        let text = self.client.get(url).send().await.ok()?.text().await.ok()?;
        let series = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        Some(series.filter_map(|line| line.rsplit_once(' ')?.1.parse::<usize>().ok()).sum())
    }

    /// Keeps the data folder, and says where.
    pub(super) async fn keep(&self, seed: u64) -> Option<PathBuf> {
        let Deployment::Embedded(embedded) = &self.deployment else { return None };
        let kept = std::env::temp_dir().join(format!("chaos-{seed}"));
        let copied = Command::new("cp").arg("-r").args([embedded.folder(), &kept]).status().await;
        copied.is_ok_and(|status| status.success()).then_some(kept)
    }
}

/// A free port below those that the system gives to clients: while nobody listens, a client that
/// connects again and again would one day get the very port that it connects to, and keep it.
fn port() -> std::io::Result<u16> {
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let mut tried = (0..100).map(|_| rand::random_range(20_000..30_000));
    tried.find(free).ok_or_else(|| std::io::ErrorKind::AddrInUse.into())
}

async fn cloud(settings: &mut Settings) -> Result<(Cloud, [Arc<Line>; 2]), ChaosError> {
    let emulators = Emulators::try_shared().await.map_err(crate::deployment::CloudError::from)?;
    let broker = Line::to(emulators.pubsub_host(), "/Publish").await?;
    let store = Line::to(emulators.firestore_host(), "/Commit").await?;
    settings.extend([(PUBSUB_HOST, broker.host()), (FIRESTORE_HOST, store.host())]);
    let programs = Binaries::shared().await;
    let cloud = Cloud::of(programs, emulators, settings.clone(), FAULTS).await?;
    Ok((cloud, [Arc::new(broker), Arc::new(store)]))
}

fn begin(line: Arc<Line>, fault: Fault, lasts: Duration) -> Option<JoinHandle<()>> {
    line.mend();
    let Fault::Line(trouble) = fault else {
        line.forget_connections();
        return None;
    };
    line.begin(trouble);
    Some(tokio::spawn(async move {
        sleep(lasts).await;
        line.mend();
    }))
}

/// Keeps everybody else from writing to the database for this time.
async fn hold(file: PathBuf, lasts: Duration) {
    let held = tokio::task::spawn_blocking(move || held(&file)).await;
    match held {
        Ok(Ok(holder)) => {
            sleep(lasts).await;
            drop(holder);
        }
        other => eprintln!("a file could not be held: {other:?}"),
    }
}

fn held(file: &Path) -> rusqlite::Result<Connection> {
    let holder = Connection::open(file)?;
    holder.busy_timeout(Duration::from_secs(4))?;
    holder.execute_batch("BEGIN IMMEDIATE")?;
    Ok(holder)
}
