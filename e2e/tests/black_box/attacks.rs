//! Clients that try to exhaust the server. The system limits its memory: a server that takes more
//! than it says ends, and so does the test. Others are served meanwhile.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use e2e::api::{Api, answer, eventually, new_tenant};
use e2e::binaries::Binaries;
use e2e::raw::Raw;
use e2e::service::Service;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use futures::future::join_all;
use reqwest::{Method, StatusCode};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

/// The memory that the embedded mode says it needs at most, in MiB (docs/RELIABILITY.md).
const MOST_MIB: u64 = 1_024;
/// How long a request may take that has nothing to do with an attack.
const IN_TIME: Duration = Duration::from_secs(5);

struct Attacked {
    service: Service,
    api: Api,
    tenant: String,
    _folder: tempfile::TempDir,
}

impl Attacked {
    /// A server that ends when it allocates more than the limit.
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = Binaries::shared().await.path("spillway");
        let service = Service::run(limited(program, folder.path())).await.expect("it starts");
        let (api, tenant) = (Api::new(service.url()), new_tenant());
        Self { service, api, tenant, _folder: folder }
    }

    /// Others can write and read.
    async fn assert_serves(&self, what: &str) {
        let event = json!({"site_id": self.tenant, "event_type": "page_view", "path": "/"});
        let sent = answer(self.api.request(Method::POST, "/event").json(&event));
        let sent = timeout(IN_TIME, sent).await.unwrap_or_else(|_| panic!("{what}: no answer"));
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{what}: {}", sent.body);
        let path = format!("/stats?site_id={}", self.tenant);
        let read = timeout(IN_TIME, self.api.get(&path)).await;
        let read = read.unwrap_or_else(|_| panic!("{what}: no answer to a read"));
        assert_eq!(read.status, StatusCode::OK, "{what}: {}", read.body);
        let mib = self.service.peak_memory_bytes().expect("the system says so") >> 20;
        println!("{what}: at most {mib} MiB so far");
        assert!(mib < MOST_MIB, "{what}: {mib} MiB");
    }

    /// How many reads of a text were answered or refused.
    async fn reads_of_a_text(&self) -> f64 {
        let mut reads = 0.0;
        for status in [200, 503] {
            let labels = format!(
                "method=\"GET\",route=\"/tenants/{{tenant}}/processed_logs/{{log_id}}\",status=\"{status}\""
            );
            reads += self.api.metric(&format!("spillway_http_requests_total{{{labels}}}")).await;
        }
        reads
    }

    fn head(&self, path: &str, headers: &str) -> String {
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-tenant-id: {}\r\n{headers}\r\n\r\n",
            self.tenant
        )
    }

    /// Connections that send these bytes; some of them may not be read.
    async fn connections(&self, count: usize, bytes: &[u8]) -> Vec<Raw> {
        let url = self.service.url();
        let one = async || {
            let mut raw = Raw::connect(&url).await;
            drop(timeout(Duration::from_secs(2), raw.send(bytes)).await);
            raw
        };
        join_all((0..count).map(|_| one())).await
    }
}

fn limited(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    let script = format!("ulimit -d {} && exec \"$0\"", MOST_MIB << 10);
    command.arg("-c").arg(script).arg(program);
    let settings = [("HOST", "127.0.0.1"), ("PORT", "0"), ("LOG_REQUESTS", "off")];
    command.envs(settings).env("DATA_DIR", folder).env("WORK_SECONDS_PER_CHAR", "0");
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_sent_and_endless_bodies_leave_room_for_others_embedded() {
    let server = Attacked::start().await;
    for (path, kind, mib, count) in
        [("/ingest", "text/plain", 4, 150), ("/logs", "text/csv", 10, 60)]
    {
        let length = mib << 20;
        let head = server.head(path, &format!("content-type: {kind}\r\ncontent-length: {length}"));
        let half = [head.as_bytes(), &vec![b'a'; length - 1]].concat();
        let _held = server.connections(count, &half).await;
        server.assert_serves(&format!("{count} half-sent bodies to {path}")).await;
    }
    let head = server.head("/ingest", "content-type: text/plain\r\ntransfer-encoding: chunked");
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
    let endless = [head, chunk.repeat(400)].concat().into_bytes();
    let _held = server.connections(50, &endless).await;
    server.assert_serves("50 bodies of endless chunks").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_and_idle_connections_leave_room_for_others_embedded() {
    // Each connection is an open file here too.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).expect("more files");
    let server = Attacked::start().await;
    let _idle = server.connections(10_000, b"").await;
    server.assert_serves("10,000 idle connections").await;
    let slow = server.connections(500, b"POST /ingest HTTP/1.1\r\nhost: localhost\r\nx-a: ").await;
    server.assert_serves("500 slow heads").await;
    let head = server.head("/ingest", &"a: b\r\n".repeat(100_000));
    let _held = server.connections(20, head.as_bytes()).await;
    server.assert_serves("100,000 headers").await;
    let began = Instant::now();
    for mut raw in slow {
        raw.rest().await;
    }
    assert!(began.elapsed() < Duration::from_secs(30), "slow heads were waited for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_and_deep_json_are_refused_and_leave_room_for_others_embedded() {
    let server = Attacked::start().await;
    let zeros = vec![0; 256 << 20];
    let (gzip, deflate) = (Vec::new(), Vec::new());
    let mut gzip = GzEncoder::new(gzip, Compression::fast());
    let mut deflate = DeflateEncoder::new(deflate, Compression::fast());
    gzip.write_all(&zeros).expect("a vector never fails");
    deflate.write_all(&zeros).expect("a vector never fails");
    let bombs = [
        ("gzip", gzip.finish().expect("a vector never fails")),
        ("deflate", deflate.finish().expect("a vector never fails")),
        ("zstd", zstd::encode_all(&zeros[..], 3).expect("a vector never fails")),
    ];
    for (coding, bomb) in bombs {
        for (path, kind) in
            [("/ingest", "text/plain"), ("/logs", "text/csv"), ("/event", "text/plain")]
        {
            let one = || async {
                let request = server.api.request(Method::POST, path).header("content-type", kind);
                let request = request.header("x-tenant-id", &server.tenant);
                answer(request.header("content-encoding", coding).body(bomb.clone())).await.status
            };
            for status in join_all((0..16).map(|_| one())).await {
                assert!([413, 503].contains(&status.as_u16()), "{coding} to {path}: {status}");
            }
        }
        server.assert_serves(&format!("bombs of {coding}")).await;
    }
    let deep = ["[", "]"].map(|bracket| bracket.repeat(100_000)).concat();
    for (path, body) in [
        ("/ingest", format!("{{\"text\":{deep}}}")),
        ("/ingest", format!("{{\"text\":{}", "{\"a\":".repeat(100_000))),
        ("/logs", deep.clone()),
        ("/event", format!("{{\"event_type\":\"a\",\"payload\":{{\"a\":{deep}}}}}")),
        ("/events", format!("{{\"user_id\":\"u\",\"payload\":{deep}}}")),
    ] {
        let request = server.api.request(Method::POST, path).body(body);
        let request = request.header("content-type", "application/json");
        let refused = answer(request.header("x-tenant-id", &server.tenant)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}: {}", refused.body);
    }
    server.assert_serves("JSON 100,000 deep").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_take_nothing_are_cut_off_and_leave_room_for_others_embedded() {
    let server = Attacked::start().await;
    let text = "x".repeat(4 << 20);
    let sent = server.api.ingest_text(&server.tenant, "large", &text).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    server.api.processed_log(&server.tenant, "large").await;
    let path = format!("/tenants/{}/processed_logs/large", server.tenant);
    let get = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let before = server.reads_of_a_text().await;
    let stalled = server.connections(150, get.as_bytes()).await;
    // Making 150 large answers takes a while, and other reads wait for their turn.
    eventually("the answers have been made", async || {
        (server.reads_of_a_text().await >= before + 150.0).then_some(())
    })
    .await;
    server.assert_serves("150 readers that take nothing").await;
    let began = Instant::now();
    // Some were refused, because those before them took all the room.
    let (mut refused, mut cut_off) = (0, 0);
    for mut raw in stalled {
        match raw.status().await {
            Some(StatusCode::OK) => {
                raw.is_cut_off().await;
                cut_off += 1;
            }
            status => {
                assert_eq!(status, Some(StatusCode::SERVICE_UNAVAILABLE));
                refused += 1;
            }
        }
    }
    println!("{cut_off} cut off, {refused} refused, after {:.1?}", began.elapsed());
    assert!(cut_off > 0 && began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    let whole = server.api.get(&path).await;
    assert_eq!(whole.body["original_text"].as_str().map(str::len), Some(text.len()));
}
