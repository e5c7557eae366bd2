//! One turn of a row in a case: start it, warm it up, load it, wait until everything is counted, and
//! compare what it has with what it acknowledged.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::Client;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::cases::Case;
use crate::client::Target;
use crate::emulator::Emulator;
use crate::error::BenchError;
use crate::postgres::Postgres;
use crate::process::{Process, free_port};
use crate::queryable::{self, Probed};
use crate::report;
use crate::results::Run;
use crate::rows::{Keeps, Place, Row};
use crate::send::{Load, Sender, Sent};
use crate::shape::{Kind, Shape};
use crate::spillway::Spillway;
use crate::usage::Usage;

/// The load before what is measured.
const WARM_UP: Duration = Duration::from_millis(300);
const WARM_UP_LOAD: Load = Load::Closed { connections: 4 };
/// How often the row is asked whether it has counted everything.
const POLL: Duration = Duration::from_millis(50);
/// How long that may take, for each second of load: a row that takes longer has lost the race, and
/// what it has not counted by then counts as missing.
const DRAIN_LIMIT: f64 = 15.0;

/// What all turns share.
pub(crate) struct Bench {
    pub(crate) root: PathBuf,
    pub(crate) folder: TempDir,
    pub(crate) client: Client,
    pub(crate) emulator: Option<Emulator>,
    pub(crate) postgres: Option<Postgres>,
    /// The length of each load.
    pub(crate) lasts: Duration,
}

/// A row that runs.
struct Turn<'a> {
    bench: &'a Bench,
    case: &'a Case,
    row: &'a Row,
    process: &'a Process,
    topic: &'a str,
}

impl Bench {
    pub(crate) async fn turn(&self, case: &Case, row: &Row) -> Result<Run, BenchError> {
        let folder = TempDir::new_in(self.folder.path())?;
        let topic = topic_of(&folder);
        let place = self.place(&folder, topic.clone())?;
        if row.keeps == Keeps::Report {
            return report::turn((row.command)(&place), case.shape, self.lasts, folder.path());
        }
        if let (Keeps::Topic, Some(emulator)) = (row.keeps, &self.emulator) {
            emulator.create(&topic).await?;
        }
        let process =
            Process::start(row.name, &mut (row.command)(&place), place.port, folder.path())?;
        Turn { bench: self, case, row, process: &process, topic: &topic }.take().await
    }

    fn place(&self, folder: &TempDir, topic: String) -> Result<Place, BenchError> {
        Ok(Place {
            root: self.root.clone(),
            folder: folder.path().to_owned(),
            port: free_port()?,
            emulator: self.emulator.as_ref().map(Emulator::host).unwrap_or_default(),
            topic,
            database: self.postgres.as_ref().map(Postgres::url).unwrap_or_default(),
        })
    }
}

/// The folder's name is its own, and so is the topic's.
fn topic_of(folder: &TempDir) -> String {
    let name = folder.path().file_name().unwrap_or_default().to_string_lossy();
    format!("bench{}", name.replace('.', "-"))
}

impl Turn<'_> {
    async fn take(&self) -> Result<Run, BenchError> {
        let warm = self.send("warm", WARM_UP, WARM_UP_LOAD).await;
        self.drain("warm").await?;
        let before = self.usage();
        let (sent, probed) = self.load().await;
        let acked = self.records(&sent) + probed.as_ref().map_or(0, |probed| probed.acked);
        let counted = self.counted(&sent, self.records(&warm)).await?;
        let began = Instant::now();
        let stored = self.drain("run").await?;
        let drained = began.elapsed();
        let after = self.usage();
        let counts = !matches!(self.row.keeps, Keeps::Nothing | Keeps::Topic);
        let mut run = Run {
            acked,
            refused: sent.refused,
            errors: sent.errors,
            stored: self.on_topic(self.records(&warm)).await?.or(stored),
            rate: self.records(&sent) as f64 / sent.took.as_secs_f64(),
            counted: counted.map(|counted| counted / sent.took.as_secs_f64()),
            drain_seconds: counts.then_some(drained.as_secs_f64()),
            cpu_micros: (after.cpu_seconds - before.cpu_seconds) * 1e6 / acked as f64,
            dirtied_bytes: (after.dirtied - before.dirtied) as f64 / acked as f64,
            memory_mib: after.memory as f64 / f64::from(1 << 20),
            ..Run::default()
        };
        run.take_times(&sent, probed.as_ref());
        Ok(run)
    }

    fn address(&self) -> SocketAddr {
        self.process.address
    }

    fn shape(&self) -> Shape {
        self.case.shape
    }

    fn records(&self, sent: &Sent) -> u64 {
        sent.acked * self.shape().records()
    }

    fn spillway(&self) -> Option<Spillway> {
        (self.row.keeps == Keeps::Spillway)
            .then(|| Spillway { client: self.bench.client.clone(), address: self.address() })
    }

    async fn send(&self, run: &str, lasts: Duration, load: Load) -> Sent {
        let (path, media_type) = self.shape().route(run);
        let target = Target { address: self.address(), path: &path, media_type };
        Sender::new(target, self.shape(), run, lasts).send(load).await
    }

    /// Sends the case's load; at a fixed rate, some of the events are looked for too.
    async fn load(&self) -> (Sent, Option<Probed>) {
        let (lasts, load) = (self.bench.lasts, self.case.load);
        let sent = self.send("run", lasts, load);
        match (load, self.spillway()) {
            (Load::Open { .. }, Some(spillway)) => {
                let probed = queryable::probe(&spillway, "run.0", "2025-06-01", lasts);
                let (sent, probed) = futures::join!(sent, probed);
                (sent, Some(probed))
            }
            _ => (sent.await, None),
        }
    }

    /// The records that are counted by the end of the load.
    async fn counted(&self, sent: &Sent, warm: u64) -> Result<Option<f64>, BenchError> {
        let records = self.records(sent);
        Ok(match (self.row.keeps, self.spillway()) {
            (Keeps::Tables, _) => Some(records as f64),
            (_, Some(spillway)) if self.shape().kind() == Kind::Lines => {
                let sites = self.shape().sites("run");
                Some(spillway.stored(Kind::Lines, &sites).await? as f64)
            }
            (_, Some(spillway)) => {
                let delivered = spillway.messages().await?.delivered;
                Some(delivered.saturating_sub(warm).min(records) as f64)
            }
            _ => None,
        })
    }

    /// Waits until everything is counted, and returns how much that is.
    async fn drain(&self, run: &str) -> Result<Option<u64>, BenchError> {
        if self.row.keeps == Keeps::Tables {
            return self.rows_of(run).await.map(Some);
        }
        let Some(spillway) = self.spillway() else {
            return Ok(None);
        };
        let limit = self.bench.lasts.mul_f64(DRAIN_LIMIT);
        let began = Instant::now();
        loop {
            let messages = spillway.messages().await?;
            if messages.delivered >= messages.published || began.elapsed() > limit {
                break;
            }
            sleep(POLL).await;
        }
        spillway.stored(self.shape().kind(), &self.shape().sites(run)).await.map(Some)
    }

    /// The events in the tables whose sites belong to a run.
    async fn rows_of(&self, run: &str) -> Result<u64, BenchError> {
        let url = format!("http://{}/count?prefix={run}.", self.address());
        let count = self.bench.client.get(url).send().await?.error_for_status()?.text().await?;
        count.parse().map_err(|_| BenchError::Answer(count))
    }

    /// The messages on the topic, without those of the warming up.
    async fn on_topic(&self, warm: u64) -> Result<Option<u64>, BenchError> {
        match (self.row.keeps, &self.bench.emulator) {
            (Keeps::Topic, Some(emulator)) => {
                Ok(Some(emulator.drain(self.topic).await?.saturating_sub(warm)))
            }
            _ => Ok(None),
        }
    }

    fn usage(&self) -> Usage {
        let database = self.bench.postgres.as_ref().filter(|_| self.row.keeps == Keeps::Tables);
        let pids: Vec<_> =
            std::iter::once(self.process.pid()).chain(database.map(Postgres::pid)).collect();
        Usage::of(&pids)
    }
}

impl Run {
    fn take_times(&mut self, sent: &Sent, probed: Option<&Probed>) {
        let ms = |micros: u64| micros as f64 / 1_000.0;
        self.p50 = Some(ms(sent.latency.value_at_quantile(0.5)));
        self.p99 = Some(ms(sent.latency.value_at_quantile(0.99)));
        if let Some(probed) = probed {
            self.queryable_p50 = Some(ms(probed.queryable.value_at_quantile(0.5)));
            self.queryable_p99 = Some(ms(probed.queryable.value_at_quantile(0.99)));
        }
    }
}
