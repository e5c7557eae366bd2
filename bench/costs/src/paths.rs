//! The paths whose instructions are counted. Each does the same work a number of times.

use std::io;
use std::sync::Arc;

use clap::Parser;
use common::access_log;
use common::broker::{Broker, Message};
use common::event::Event;
use common::page::{PageRules, counted_path};
use common::record::{Kind, Record};
use common::store::embedded::EmbeddedStore;
use common::text::redact::{redact, redact_path};
use common::text::segment::segment;
use futures::future::join_all;
use gateway::{Application, Gateway, GatewaySettings, LogRequests};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use worker::{Disposition, Worker, WorkerSettings};

use crate::error::PathError;
use crate::nothing::Nothing;
use crate::request::Request;
use crate::samples;

/// A path, and what its unit of work is.
pub(crate) struct Path {
    pub(crate) name: &'static str,
    /// How often the work is done between two counts.
    pub(crate) repeats: u64,
    pub(crate) follow: fn(u64) -> Result<(), PathError>,
}

/// A page view through Spillway's own door, without a name of its visitor.
pub(crate) const VIEW: &str = "request-view";
/// A batch of access logs through Spillway's own door.
pub(crate) const LINES: &str = "request-lines";
/// The requests that are sent in turn. They are as many whatever the number of repeats is, so that
/// making them does not count as the gateway's work.
const REQUESTS: u64 = 40;

pub(crate) const PATHS: [Path; 12] = [
    // The whole gateway, from the socket to the answer.
    Path { name: "request-event", repeats: 200, follow: |n| post(n, samples::event) },
    Path { name: VIEW, repeats: 200, follow: |n| post(n, samples::view) },
    Path { name: LINES, repeats: 10, follow: |n| post(n, samples::lines) },
    Path { name: "normalize", repeats: 500, follow: normalize },
    Path { name: "redact", repeats: 20, follow: redact_text },
    Path { name: "segment", repeats: 20, follow: segment_text },
    Path { name: "encode", repeats: 500, follow: encode },
    Path { name: "decode", repeats: 500, follow: decode },
    // The whole worker: standing, documents, the group commit.
    Path { name: "deliver-event", repeats: 200, follow: |n| deliver(n, samples::event_message) },
    Path { name: "deliver-lines", repeats: 10, follow: |n| deliver(n, samples::lines_message) },
    // The worker and the embedded store, many at once; one day, and twenty-five.
    Path { name: "store-event", repeats: 2_000, follow: |n| store(n, 1) },
    Path { name: "store-spread", repeats: 2_000, follow: |n| store(n, 25) },
];

impl Path {
    /// Does the work of so many numbers.
    pub(crate) fn follow(&self, times: u64) -> Result<(), PathError> {
        (self.follow)(times)
    }
}

fn normalize(times: u64) -> Result<(), PathError> {
    let rules = PageRules { keep_slash: false, merge_index: true };
    for n in 0..times {
        let place = format!("https://acme.example/a/./b%20c/{n}/index.html?token=abc#top");
        let path = counted_path(&place).ok_or_else(|| PathError::Refused(place.clone()))?;
        std::hint::black_box(redact_path(&rules.row(&path)).len());
    }
    Ok(())
}

fn redact_text(times: u64) -> Result<(), PathError> {
    (0..times).for_each(|n| drop(std::hint::black_box(redact(&samples::text(n)))));
    Ok(())
}

fn segment_text(times: u64) -> Result<(), PathError> {
    let text = samples::text(0).repeat(4);
    (0..times).for_each(|_| drop(std::hint::black_box(segment(&text))));
    Ok(())
}

fn encode(times: u64) -> Result<(), PathError> {
    for n in 0..times {
        std::hint::black_box(samples::event_message(n)?.size());
    }
    Ok(())
}

fn decode(times: u64) -> Result<(), PathError> {
    let event = samples::event_message(0)?;
    let lines = Message::from(samples::record(0, Kind::AccessLog, batch()?)?);
    for _ in 0..times {
        let record = Record::try_from(&event)?;
        std::hint::black_box(serde_json::from_str::<Event>(&record.data)?);
        let record = Record::try_from(&lines)?;
        std::hint::black_box(access_log::entries(&record.data)?.len());
    }
    Ok(())
}

/// Five lines of a batch's message.
fn batch() -> Result<String, PathError> {
    let message = samples::lines_message(0)?;
    let data = String::from_utf8_lossy(&message.data).into_owned();
    Ok(data.lines().take(5).map(|line| format!("{line}\n")).collect())
}

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    gateway: GatewaySettings,
    #[command(flatten)]
    worker: WorkerSettings,
}

fn settings() -> Settings {
    Settings::parse_from(["costs", "--work-seconds-per-char", "0"])
}

/// One thread for everything: so the same is done in the same order every time.
fn on_one_thread<F: Future>(work: F) -> io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work))
}

fn deliver(times: u64, message: fn(u64) -> Result<Message, PathError>) -> Result<(), PathError> {
    on_one_thread(async {
        let worker = Worker::new(Arc::new(Nothing), settings().worker);
        for n in 0..times {
            match worker.deliver(&message(n)?, 1).await {
                Disposition::Acknowledge => {}
                other => return Err(PathError::Refused(format!("{other:?}"))),
            }
        }
        Ok(())
    })?
}

/// Delivers events of so many days, all at once, to a worker with a store on disk.
fn store(times: u64, days: u64) -> Result<(), PathError> {
    let folder = tempfile::tempdir()?;
    let store = Arc::new(EmbeddedStore::open(folder.path())?);
    on_one_thread(async {
        let worker = Worker::new(store, settings().worker);
        let messages: Result<Vec<_>, _> =
            (0..times).map(|n| samples::event_of_day(n, n % days)).collect();
        let messages = messages?;
        let delivered = messages.iter().map(|message| worker.deliver(message, 1));
        for disposition in join_all(delivered).await {
            match disposition {
                Disposition::Acknowledge => {}
                other => return Err(PathError::Refused(format!("{other:?}"))),
            }
        }
        Ok(())
    })?
}

/// Serves on a port of its own, and sends requests to it one after the other.
pub(crate) fn post(times: u64, request: fn(u64) -> Request) -> Result<(), PathError> {
    post_to(Arc::new(Nothing), times, request)
}

/// The same with another broker.
pub(crate) fn post_to(
    broker: Arc<dyn Broker>,
    times: u64,
    request: fn(u64) -> Request,
) -> Result<(), PathError> {
    let requests: Vec<_> = (0..REQUESTS).map(|n| request(n).bytes()).collect();
    on_one_thread(async {
        let settings = settings().gateway.or_log_requests(LogRequests::Off);
        let gateway = Gateway::new(broker, Arc::new(Nothing), settings);
        let application = Application::build(gateway, "127.0.0.1", 0)?;
        let address = application.address();
        let posting = async {
            let mut stream = TcpStream::connect(address).await?;
            let mut answer = vec![0; 64 << 10];
            for bytes in (0..times as usize).map(|n| &requests[n % requests.len()]) {
                stream.write_all(bytes).await?;
                let length = stream.read(&mut answer).await?;
                let answer = &answer[..length];
                if !answer.starts_with(b"HTTP/1.1 20") {
                    return Err(PathError::Refused(String::from_utf8_lossy(answer).into_owned()));
                }
            }
            Ok(())
        };
        tokio::select! {
            ended = application.run_until_stopped(std::future::pending()) => Ok(ended?),
            posted = posting => posted,
        }
    })?
}
