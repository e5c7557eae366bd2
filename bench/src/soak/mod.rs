//! `./dev soak`: the embedded mode at a fixed rate that it holds, for minutes. What it takes of memory,
//! descriptors and threads must stay as it is once it is warm, and its queue must not grow.

mod report;
mod sample;
mod verdict;

use std::fs;
use std::io::{IsTerminal as _, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use futures::future::try_join;
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::TempDir;
use tokio::time::{MissedTickBehavior, interval, sleep};

use self::report::Report;
use self::sample::Sample;
use self::verdict::{Limits, Verdict};
use crate::client::Target;
use crate::error::BenchError;
use crate::process::{Process, free_port};
use crate::send::{Load, Sender, Sent};
use crate::shape::Shape;
use crate::spillway::Spillway;

/// How long the server is asked for all that it can, to learn which rate it holds.
const TRIAL: Duration = Duration::from_secs(5);
/// The connections of the trial.
const CONNECTIONS: usize = 64;
/// The part of the events of the trial that it has to hold, with texts and access logs beside them.
const HELD: f64 = 0.6;
/// One text for so many events, and one batch of access logs.
const EVENTS_A_TEXT: u32 = 50;
const EVENTS_A_BATCH: u32 = 1_000;
/// The longest that the rest of the queue may take.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// Runs the embedded mode at a fixed rate, and fails if what it takes grows once it is warm.
#[derive(Args, Debug)]
pub(crate) struct SoakArgs {
    /// How long, in seconds.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(10..))]
    seconds: u32,

    /// Events a second, with a text for every 50 and a batch of 1,000 lines of an access log for every
    /// 1,000 of them [default: 60% of what it takes in a trial of 5 s].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1_000..))]
    rate: Option<u32>,

    /// The percentage by which its memory may grow after the first fifth of the time.
    #[arg(long, default_value_t = 10)]
    most_growth: u32,

    /// The program.
    #[arg(long, default_value = "target/release/spillway")]
    program: PathBuf,

    /// Where the report is written.
    #[arg(long, default_value = "target/soak/report.md")]
    out: PathBuf,
}

/// A server and what is known of it.
struct Soak {
    process: Process,
    spillway: Spillway,
    _folder: TempDir,
}

/// A shape of records, and how it is sent.
struct Stream {
    shape: Shape,
    run: &'static str,
    a_second: u32,
}

/// Returns whether all stayed as it was.
pub(crate) async fn run(args: &SoakArgs) -> Result<bool, BenchError> {
    let soak = Soak::start(&args.program)?;
    let rate = match args.rate {
        Some(rate) => rate,
        None => soak.rate_that_is_held().await?,
    };
    let lasts = Duration::from_secs(args.seconds.into());
    let streams = streams(rate);
    let (sent, samples) = try_join(soak.send(&streams, lasts), soak.watch(rate, lasts)).await?;
    let stored = soak.stored(&streams, &sent).await?;
    let limits = Limits { growth: f64::from(args.most_growth) / 100.0, rate };
    let verdict = Verdict::of(&samples, &sent, stored, limits);
    let report = Report { rate, lasts, samples: &samples, sent: &sent, verdict: &verdict };
    let report = report.to_string();
    fs::create_dir_all(args.out.parent().unwrap_or(Path::new(".")))?;
    fs::write(&args.out, &report)?;
    println!("{report}\nWritten: {}.", args.out.display());
    Ok(verdict.holds())
}

fn streams(rate: u32) -> [Stream; 3] {
    [
        Stream { shape: Shape::ManyDays, run: "events", a_second: rate },
        Stream { shape: Shape::Texts, run: "texts", a_second: rate / EVENTS_A_TEXT },
        Stream { shape: Shape::Dense, run: "lines", a_second: rate / EVENTS_A_BATCH },
    ]
}

impl Soak {
    fn start(program: &Path) -> Result<Self, BenchError> {
        let parent = Path::new("target/soak");
        fs::create_dir_all(parent)?;
        let (folder, port) = (TempDir::new_in(parent)?, free_port()?);
        let mut command = Command::new(program);
        command.env("PORT", port.to_string()).env("DATA_DIR", folder.path().join("data"));
        command.env("LOG_REQUESTS", "off").env("WORK_SECONDS_PER_CHAR", "0.0005");
        let process = Process::start("spillway", &mut command, port, folder.path())?;
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        let spillway = Spillway { client, address: process.address };
        Ok(Self { process, spillway, _folder: folder })
    }

    /// A part of the events a second that it takes and stores when it gets as many as it can.
    async fn rate_that_is_held(&self) -> Result<u32, BenchError> {
        let began = Instant::now();
        let load = Load::Closed { connections: CONNECTIONS };
        let sent = self.sent(Shape::ManyDays, "trial", load, TRIAL).await;
        self.is_idle().await?;
        let rate = sent.acked as f64 / began.elapsed().as_secs_f64() * HELD;
        Ok((rate as u32).max(EVENTS_A_BATCH))
    }

    async fn send(&self, streams: &[Stream], lasts: Duration) -> Result<Vec<Sent>, BenchError> {
        let one = |stream: &Stream| {
            let load = Load::Open { a_second: stream.a_second };
            self.sent(stream.shape, stream.run, load, lasts)
        };
        Ok(futures::future::join_all(streams.iter().map(one)).await)
    }

    async fn sent(&self, shape: Shape, run: &str, load: Load, lasts: Duration) -> Sent {
        let (path, media_type) = shape.route(run);
        let target = Target { address: self.process.address, path: &path, media_type };
        Sender::new(target, shape, run, lasts).send(load).await
    }

    /// Looks each second.
    async fn watch(&self, rate: u32, lasts: Duration) -> Result<Vec<Sample>, BenchError> {
        let (began, bar) = (Instant::now(), progress(lasts));
        let (mut samples, mut tick) = (Vec::new(), interval(Duration::from_secs(1)));
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while began.elapsed() < lasts {
            tick.tick().await;
            let sample = Sample::of(&self.process, &self.spillway, began.elapsed()).await?;
            bar.set_position(began.elapsed().as_secs());
            bar.set_message(format!("{rate} events a second, {sample}"));
            samples.push(sample);
        }
        bar.finish_and_clear();
        Ok(samples)
    }

    /// Whether each record that was acknowledged is stored within some time, and no other.
    async fn stored(&self, streams: &[Stream], sent: &[Sent]) -> Result<bool, BenchError> {
        self.is_idle().await?;
        let began = Instant::now();
        while !self.is_exact(streams, sent).await? {
            if began.elapsed() > PATIENCE {
                return Ok(false);
            }
            sleep(POLL).await;
        }
        Ok(true)
    }

    async fn is_exact(&self, streams: &[Stream], sent: &[Sent]) -> Result<bool, BenchError> {
        for (Stream { shape, run, .. }, sent) in streams.iter().zip(sent) {
            let stored = self.spillway.stored(shape.kind(), &shape.sites(run)).await?;
            let known = sent.acked * shape.records();
            // Of those without an answer, nobody knows.
            let unknown = (sent.refused + sent.errors) * shape.records();
            if !(known..=known + unknown).contains(&stored) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn is_idle(&self) -> Result<(), BenchError> {
        let began = Instant::now();
        while self.spillway.backlog().await? > 0 && began.elapsed() < PATIENCE {
            sleep(POLL).await;
        }
        Ok(())
    }
}

fn progress(lasts: Duration) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(lasts.as_secs());
    match ProgressStyle::with_template("{bar:20} {pos}/{len} s {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
