//! `./dev history`: what a long history of the embedded mode costs. The same reads after a thousand events
//! and after a million of the same days, pages and users; the bytes on disk; and a start with a backlog.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use clap::Args;
use futures::future::try_join_all;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::client::Target;
use crate::error::BenchError;
use crate::process::{Process, free_port};
use crate::send::{Load, Sender};
use crate::shape::{Kind, Shape};
use crate::spillway::Spillway;

/// The events of the short history.
const FEW: u64 = 1_000;
/// The run, and the site that its events belong to.
const RUN: &str = "history";
const SITE: &str = "history.0";
const CONNECTIONS: usize = 64;
/// How often each read is timed; the median counts.
const TIMES: usize = 51;
/// The longest that sending, or counting what is sent, may take.
const PATIENCE: Duration = Duration::from_secs(900);
const POLL: Duration = Duration::from_millis(50);
/// What the dashboard reads of a month and the one before it.
const PERIOD: &str = "site_id=history.0&from=2025-06-01&to=2025-06-30";
const SERIES: [&str; 2] =
    ["from=2025-06-01&to=2025-06-30&grain=day", "from=2025-05-02&to=2025-05-31&grain=day"];
const DIMENSIONS: [&str; 9] = [
    "source",
    "utm_campaign",
    "entry_page",
    "referrer",
    "country",
    "language",
    "browser",
    "os",
    "device",
];

/// Compares reads of the embedded mode at a thousand events with those at a million.
#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    /// The events of the long history.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(2_000..))]
    events: u64,

    /// The texts that wait in the queue when the program is killed and started again.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    backlog: u64,

    /// The program.
    #[arg(long, default_value = "target/release/spillway")]
    program: PathBuf,
}

/// How long reads take.
#[derive(Clone, Copy)]
struct Reads {
    /// `GET /stats` of all days.
    stats: Duration,
    /// Everything that the dashboard reads for its first screen of a month.
    screen: Duration,
}

/// A server and its folder.
struct History<'a> {
    program: &'a Path,
    folder: TempDir,
    process: Process,
    spillway: Spillway,
}

/// Prints what it finds. Returns whether all that was accepted is stored.
pub(crate) async fn run(args: &HistoryArgs) -> Result<bool, BenchError> {
    let mut history = History::start(&args.program)?;
    let began = Instant::now();
    let is_short = history.has(FEW).await?;
    let few = history.reads().await?;
    let is_long = history.has(args.events).await?;
    println!("{} events were sent and counted in {:.0?}.", args.events, began.elapsed());
    let many = history.reads().await?;
    history.report(few, many, args.events)?;
    let ready = history.restarted_with(args.backlog).await?;
    println!("/ready after a kill with {} texts in the queue: {ready:.0?}", args.backlog);
    Ok(is_short && is_long)
}

impl<'a> History<'a> {
    fn start(program: &'a Path) -> Result<Self, BenchError> {
        let parent = Path::new("target/history");
        fs::create_dir_all(parent)?;
        let folder = TempDir::new_in(parent)?;
        let process = started(program, folder.path())?;
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        let spillway = Spillway { client, address: process.address };
        Ok(Self { program, folder, process, spillway })
    }

    /// Sends events until there are so many, and waits until they are counted.
    async fn has(&self, events: u64) -> Result<bool, BenchError> {
        let before = self.counted().await?;
        self.send(Shape::History, before, events).await;
        let began = Instant::now();
        while self.counted().await? < events && began.elapsed() < PATIENCE {
            sleep(POLL).await;
        }
        Ok(self.counted().await? == events)
    }

    async fn counted(&self) -> Result<u64, BenchError> {
        self.spillway.stored(Kind::Events, &[SITE.to_owned()]).await
    }

    /// Sends the requests from one number to another.
    async fn send(&self, shape: Shape, from: u64, to: u64) {
        let (path, media_type) = shape.route(RUN);
        let target = Target { address: self.process.address, path: &path, media_type };
        let sender = Sender::new(target, shape, RUN, PATIENCE);
        let sender = Sender { next: AtomicU64::new(from), most: to, ..sender };
        sender.send(Load::Closed { connections: CONNECTIONS }).await;
    }

    async fn reads(&self) -> Result<Reads, BenchError> {
        let stats = format!("/stats?site_id={SITE}");
        let screen = first_screen();
        Ok(Reads { stats: self.median(&[stats]).await?, screen: self.median(&screen).await? })
    }

    /// The median of the times in which all of these are read at once. The first time does not count: visits
    /// are derived then, and a read that would wait for that for long is refused.
    async fn median(&self, paths: &[String]) -> Result<Duration, BenchError> {
        let all = || try_join_all(paths.iter().map(|path| self.spillway.json(path)));
        let began = Instant::now();
        while all().await.is_err() && began.elapsed() < PATIENCE {
            sleep(POLL).await;
        }
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let began = Instant::now();
            all().await?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        Ok(times[TIMES / 2])
    }

    fn report(&self, few: Reads, many: Reads, events: u64) -> Result<(), BenchError> {
        let ratio = |many: Duration, few: Duration| many.as_secs_f64() / few.as_secs_f64();
        let data = self.data();
        let bytes = |path: &Path| Ok::<_, BenchError>(size(path)? as f64 / events as f64);
        println!("{FEW} events: /stats {:.2?}, the first screen {:.2?}", few.stats, few.screen);
        println!(
            "{events} events: /stats {:.2?} ({:.2} times), the first screen {:.2?} ({:.2} times)",
            many.stats,
            ratio(many.stats, few.stats),
            many.screen,
            ratio(many.screen, few.screen),
        );
        println!(
            "on disk: {:.0} bytes an event, {:.0} of them in the archive",
            bytes(&data)?,
            bytes(&data.join("archive"))?
        );
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Fills the queue with texts, of which few are done meanwhile, kills the program, and returns how long
    /// another one takes until it says that it is ready.
    async fn restarted_with(&mut self, backlog: u64) -> Result<Duration, BenchError> {
        self.send(Shape::ShortTexts, 0, backlog).await;
        self.process.kill()?;
        let began = Instant::now();
        self.process = started(self.program, self.folder.path())?;
        self.spillway.address = self.process.address;
        while !self.spillway.is_ready().await {
            if began.elapsed() > PATIENCE {
                return Err(BenchError::Failed(
                    "spillway".to_owned(),
                    "it is never ready".to_owned(),
                ));
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(began.elapsed())
    }
}

fn started(program: &Path, folder: &Path) -> Result<Process, BenchError> {
    let port = free_port()?;
    let mut command = Command::new(program);
    command.env("PORT", port.to_string()).env("DATA_DIR", folder.join("data"));
    command.env("LOG_REQUESTS", "off").env("WORK_SECONDS_PER_CHAR", "0.05");
    Process::start("spillway", &mut command, port, folder)
}

fn first_screen() -> Vec<String> {
    let mut paths = vec![
        format!("/stats/today?site_id={SITE}"),
        format!("/stats/live?site_id={SITE}"),
        format!("/stats?site_id={SITE}&start_date=2025-06-01&end_date=2025-06-30&limit=100"),
        format!("/stats/visits?{PERIOD}&compare=previous"),
    ];
    paths.extend(SERIES.map(|series| format!("/stats/series?site_id={SITE}&{series}")));
    let breakdown = |dimension: &str| {
        format!("/stats/breakdown?{PERIOD}&dimension={dimension}&compare=previous&limit=100")
    };
    paths.extend(DIMENSIONS.map(breakdown));
    paths
}

/// The bytes of all files below a folder.
fn size(folder: &Path) -> Result<u64, BenchError> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
