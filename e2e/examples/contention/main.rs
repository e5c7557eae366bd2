//! How the worker copes with a page that everybody looks at: some workers, a Firestore that refuses a
//! document's second write within a second, and events that come at a steady rate.
//!
//! Prints what was stored a second, how often Firestore refused, and how long events took.

mod proxy;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::Parser;
use common::broker::Message;
use common::google_address::GoogleAddress;
use common::program;
use common::record::{Kind, Part, Record, RecordId};
use common::rollup::{Period, events};
use common::store::firestore::FirestoreStore;
use common::store::patience::patiently;
use common::tenant::TenantId;
use e2e::binaries::Binaries;
use e2e::emulators::{EmulatorError, Emulators, project};
use e2e::service::{Service, ServiceError};
use futures::future::join_all;
use serde_json::json;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};

use self::proxy::Proxy;

/// How long Pub/Sub waits before it pushes again: its retry policy begins with this.
const REST: Duration = Duration::from_secs(5);
/// How long the last events may take after the load has ended.
const DRAIN: Duration = Duration::from_secs(60);

/// Pushes events to workers on a Firestore that takes one write a second of each document, with a burst,
/// and 20 to 80 ms for a commit.
#[derive(Parser)]
struct Args {
    /// The program to try, instead of this workspace's worker.
    #[arg(long)]
    worker: Option<std::path::PathBuf>,
    /// How many of them run.
    #[arg(long, default_value_t = 10)]
    workers: usize,
    /// Events a second.
    #[arg(long, default_value_t = 1_000)]
    rate: u32,
    /// Seconds for which they come.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// How many tenants the events are of; all of one are on the same page.
    #[arg(long, default_value_t = 1)]
    tenants: usize,
    /// How many pages each tenant has.
    #[arg(long, default_value_t = 1)]
    pages: usize,
    /// Writes of a document that are taken at once, before it is one a second. 0: no proxy.
    #[arg(long, default_value_t = 10)]
    burst: u32,
    /// Most pushes in flight.
    #[arg(long, default_value_t = 3_000)]
    in_flight: usize,
}

/// Why the figures could not be taken.
#[derive(Debug, Error)]
enum ContentionError {
    #[error(transparent)]
    Emulators(#[from] EmulatorError),
    #[error("a worker does not run")]
    Worker(#[from] ServiceError),
    #[error("the proxy does not listen")]
    Proxy(#[from] std::io::Error),
    #[error("the counts cannot be read")]
    Read(#[from] common::store::StoreError),
    #[error("{stored} events were stored, but {counted} were counted")]
    Wrong { stored: usize, counted: i64 },
}

#[tokio::main]
async fn main() -> ExitCode {
    program::ended(run(Args::parse()).await)
}

async fn run(args: Args) -> Result<(), ContentionError> {
    let emulators = Emulators::start().await?;
    let (project, emulator) = (project(), emulators.firestore_host());
    let proxy = Proxy::start(emulator, args.burst.max(1)).await?;
    let host = if args.burst == 0 { emulator.to_owned() } else { proxy.address.to_string() };
    let settings = [("GOOGLE_CLOUD_PROJECT", project.clone()), ("FIRESTORE_EMULATOR_HOST", host)];
    let program = match &args.worker {
        Some(program) => program,
        None => Binaries::shared().await.path("worker"),
    };
    let starting = (0..args.workers).map(|_| Service::start(program, &settings));
    let workers = join_all(starting).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let load = Arc::new(Load::on(workers.iter().map(Service::url).collect(), &args));
    let began = Instant::now();
    let latencies = load.run(&args).await;
    report(&args, &proxy, &latencies, began.elapsed());
    drop(workers);
    let address = GoogleAddress::Emulator(emulator.to_owned());
    let store = FirestoreStore::new(&project, "(default)", address);
    check(&store, &args, latencies.len()).await
}

/// What was stored must be what was counted.
async fn check(store: &FirestoreStore, args: &Args, stored: usize) -> Result<(), ContentionError> {
    let mut counted = 0;
    for number in 0..args.tenants {
        let tenant = tenant(number);
        counted += patiently(|| events(store, &tenant, None, Period::All)).await?;
    }
    // An event whose answer did not come in time may be stored all the same.
    let sent = args.rate as usize * args.seconds as usize;
    if counted < stored as i64 || counted > sent as i64 {
        return Err(ContentionError::Wrong { stored, counted });
    }
    println!("counted in the store  {counted}");
    Ok(())
}

fn report(args: &Args, proxy: &Proxy, latencies: &[Duration], elapsed: Duration) {
    let seconds = elapsed.as_secs_f64();
    let sent = args.rate as usize * args.seconds as usize;
    let read = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    let (commits, aborted) = (read(&proxy.counts.commits), read(&proxy.counts.aborted));
    let at = |share: f64| match latencies.len() {
        0 => 0.0,
        count => latencies[((count - 1) as f64 * share) as usize].as_secs_f64(),
    };
    println!("events sent           {sent} in {} s", args.seconds);
    println!("stored                {} in {seconds:.1} s", latencies.len());
    println!("stored a second       {:.0}", latencies.len() as f64 / seconds);
    println!(
        "time to stored        p50 {:.2} s, p99 {:.2} s, longest {:.2} s",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    println!("commits               {commits}");
    println!("ABORTED               {aborted}, {:.0} an hour", aborted as f64 / seconds * 3_600.0);
    println!("hottest document      {} writes within a second", read(&proxy.counts.hottest));
}

/// The workers, and where the next push goes.
struct Load {
    client: reqwest::Client,
    workers: Vec<String>,
    next: AtomicUsize,
}

impl Load {
    fn on(workers: Vec<String>, args: &Args) -> Self {
        let client = reqwest::Client::builder().pool_max_idle_per_host(args.in_flight).build();
        Self {
            client: client.expect("a client without TLS"),
            workers,
            next: AtomicUsize::default(),
        }
    }

    /// Sends all events at their rate, and returns how long each that was stored took, sorted.
    async fn run(self: &Arc<Self>, args: &Args) -> Vec<Duration> {
        let room = Arc::new(Semaphore::new(args.in_flight));
        let (mut ticks, mut sending) = (interval(Duration::from_millis(10)), JoinSet::new());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let until = Instant::now() + Duration::from_secs(args.seconds.into()) + DRAIN;
        let total = args.rate as usize * args.seconds as usize;
        let mut sent = 0;
        for tick in 1_usize.. {
            ticks.tick().await;
            let due = (tick * args.rate as usize / 100).min(total);
            while sent < due {
                let push = Arc::clone(self).deliver(envelope(sent, args), Arc::clone(&room));
                sending.spawn(timeout_at(until, push));
                sent += 1;
            }
            if sent == total {
                break;
            }
        }
        let ended = sending.join_all().await;
        let mut latencies: Vec<_> = ended.into_iter().filter_map(Result::ok).collect();
        latencies.sort_unstable();
        latencies
    }

    /// Pushes until a worker acknowledges, as Pub/Sub does. Returns how long that took.
    async fn deliver(
        self: Arc<Self>,
        envelope: serde_json::Value,
        room: Arc<Semaphore>,
    ) -> Duration {
        let began = Instant::now();
        loop {
            let place = room.acquire().await;
            let worker = self.next.fetch_add(1, Ordering::Relaxed) % self.workers.len();
            let url = format!("{}/push", self.workers[worker]);
            let answer = self.client.post(url).json(&envelope).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return began.elapsed();
            }
            drop(place);
            sleep(REST).await;
        }
    }
}

fn tenant(number: usize) -> TenantId {
    TenantId::parse(&format!("tenant-{number}")).expect("a tenant")
}

/// The push of an event: a view of a page by one of a thousand users.
fn envelope(number: usize, args: &Args) -> serde_json::Value {
    let now = chrono::Utc::now();
    let page = format!("/{}", number / args.tenants % args.pages);
    let event = json!({
        "event_type": "view",
        "user_id": format!("user-{}", number % 1_000),
        "path": page,
        "timestamp": now,
    });
    let message = Message::from(Record {
        kind: Kind::Event,
        tenant: tenant(number % args.tenants),
        id: RecordId::parse(&format!("{number:x}-{:08x}", rand::random::<u32>())).expect("an id"),
        digest: format!("{number:064x}"),
        source: "site_event".to_owned(),
        received_at: now,
        part: Part::WHOLE,
        traceparent: None,
        data: event.to_string(),
    });
    json!({
        "message": {
            "attributes": message.attributes,
            "data": BASE64.encode(&message.data),
            "messageId": number.to_string(),
        },
        "subscription": "projects/p/subscriptions/spillway-rest",
    })
}
