//! The embedded mode on a real file system that becomes full. It needs Linux, and may mount (root, or
//! namespaces of users): `cargo test -p e2e --features disk --test disk -- --nocapture`

mod flood;
mod small_disk;

use std::fs;

use common::broker::embedded::MIN_FREE_BYTES;
use common::data_folder::{DOCUMENTS, QUEUE};
use e2e::api::{Api, eventually};
use e2e::binaries::Binaries;
use e2e::emulators::free_port;
use e2e::service::Service;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::process::Command;

use self::flood::Flood;
use self::small_disk::SmallDisk;

const MIB: u64 = 1 << 20;
/// What is kept free to finish what was accepted.
const RESERVE_MIB: u64 = MIN_FREE_BYTES / MIB;
/// What is there to fill.
const ROOM_MIB: u64 = 48;

/// A server whose data folder is a small disk.
struct Ground {
    disk: SmallDisk,
    port: u16,
    service: Option<Service>,
}

impl Ground {
    /// Work takes so long that texts wait when the disk is full.
    async fn start() -> Self {
        let disk = SmallDisk::of_mib(RESERVE_MIB + ROOM_MIB);
        let port = free_port().expect("a port");
        let mut ground = Self { disk, port, service: None };
        ground.start_again().await;
        ground
    }

    async fn start_again(&mut self) {
        let mut command = self.disk.command(Binaries::shared().await.path("spillway"));
        command.env("DATA_DIR", self.disk.place()).env("PORT", self.port.to_string());
        command.env("WORK_SECONDS_PER_CHAR", "0.0005").env("AGGREGATE_SECONDS", "0");
        command.env("LOG_FORMAT", "pretty").env("LOG_REQUESTS", "off");
        let service = Service::run(Command::from(command)).await;
        self.service = Some(service.unwrap_or_else(|error| panic!("{error}")));
    }

    async fn kill(&mut self) {
        self.service.take().expect("it runs").kill().await.expect("killed");
    }

    fn api(&self) -> Api {
        Api::new(format!("http://127.0.0.1:{}", self.port))
    }

    /// The log of each database is empty again, so what is free stays free.
    async fn is_at_rest(&self) {
        eventually("the databases are at rest", async || {
            let log = |name: &str| self.disk.size_of(&format!("{name}-wal"));
            (log(QUEUE) + log(DOCUMENTS) == 0).then_some(())
        })
        .await;
    }

    fn say(&self, what: &str, flood: &Flood) {
        let tenths = |bytes: u64| bytes as f64 / MIB as f64;
        println!(
            "{what}: {} records of {:.1} MiB accepted, {:.1} MiB free, at least {:.1} until now",
            flood.accepted(),
            tenths(flood.bytes() as u64),
            tenths(self.disk.free()),
            tenths(self.disk.least_free()),
        );
    }

    /// The counts of the archive are those of the documents.
    async fn assert_balanced(&self) {
        let reports = tempfile::tempdir().expect("a folder");
        let out = reports.path().join("compared.json");
        let mut compare = self.disk.command(Binaries::shared().await.path("spillway"));
        compare.args(["aggregate", "--compare", "--archive"]);
        compare.arg(self.disk.place().join("archive")).arg("--out").arg(&out);
        let compared = compare.env("DATA_DIR", self.disk.place()).output().expect("it runs");
        assert!(compared.status.success(), "{compared:?}");
        let report: Value =
            serde_json::from_slice(&fs::read(&out).expect("a report")).expect("JSON");
        assert_eq!(report["comparison"]["differences"], json!([]));
    }
}

async fn assert_not_ready(api: &Api, probes: Value) {
    let not_ready = async || (api.get("/ready").await.status != StatusCode::OK).then_some(());
    eventually("it is not ready", not_ready).await;
    let ready = api.get("/ready").await;
    ready.assert_problem("/ready", 503, "not-ready");
    let detail = ready.body["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("the disk is nearly full"), "{detail}");
    assert_eq!(ready.body["probes"], probes);
    assert_eq!(api.get("/health").await.status, StatusCode::OK);
}

async fn is_ready(api: &Api) {
    let ready = async || (api.get("/ready").await.status == StatusCode::OK).then_some(());
    eventually("it is ready", ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepting_stops_while_there_is_room_to_finish_what_was_accepted() {
    let mut ground = Ground::start().await;
    let (api, mut flood) = (ground.api(), Flood::default());
    flood.until_refused(&api).await;
    ground.say("Accepting stops", &flood);
    let waiting = api.metric("spillway_queue_backlog").await;
    assert!(waiting > 0.0, "nothing waits, so there is nothing to lose");
    assert_not_ready(&api, json!({"broker": "full", "store": "ok"})).await;

    ground.kill().await;
    ground.start_again().await;
    let look = || {
        ground.disk.free();
    };
    flood.stored(&api, look).await;
    ground.say("Everything is stored after a kill and a start", &flood);

    loop {
        flood.until_refused(&api).await;
        flood.stored(&api, look).await;
        ground.is_at_rest().await;
        if flood.round(&api).await == flood::ROUND {
            break;
        }
    }
    ground.say("The disk is full for good", &flood);
    assert!(ground.disk.free() < MIN_FREE_BYTES);
    assert_not_ready(&api, json!({"broker": "full", "store": "ok"})).await;
    ground.assert_balanced().await;

    ground.disk.resize(RESERVE_MIB + 2 * ROOM_MIB);
    is_ready(&api).await;
    assert_eq!(flood.round(&api).await, 0, "there is room again");
    flood.stored(&api, look).await;
    ground.assert_balanced().await;
    ground.say("There is more room", &flood);
}
