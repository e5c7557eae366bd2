//! The optimized binaries of the images: what they need, how soon they are ready, and how they end.
//! `cargo test -p e2e --features release --test release -- --nocapture` also prints the figures.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use e2e::api::{Api, PATIENCE, eventually};
use e2e::binaries::Binaries;
use e2e::deployment::{Cloud, Settings};
use e2e::emulators::{Emulators, free_port, project};
use e2e::exactness::assert_exact_on_the_emulators;
use e2e::google::assert_records_pass;
use e2e::needs::Needs;
use e2e::pubsub_admin::PubsubAdmin;
use e2e::raw::Raw;
use e2e::relay::Faults;
use futures::future::join_all;
use reqwest::StatusCode;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

const PROGRAMS: [&str; 2] = ["gateway", "worker"];

/// The libraries of `gcr.io/distroless/cc-debian13` that a Rust program may use: Debian's `libc6`,
/// in its base image, and `libgcc-s1`, its own (base/README.md and cc/config.bzl in the repository
/// GoogleContainerTools/distroless).
const IN_THE_IMAGE: [&str; 4] = ["ld-linux-x86-64.so.2", "libc.so.6", "libgcc_s.so.1", "libm.so.6"];
/// The glibc of Debian 13.
const GLIBC_IN_THE_IMAGE: (u32, u32) = (2, 41);

const READY_LIMIT: Duration = Duration::from_millis(200);
/// Number of starts. The median counts, because the machine may be busy during one of them.
const STARTS: usize = 9;

/// Longest stop: Cloud Run kills a process after ten seconds.
const STOP_LIMIT: Duration = Duration::from_secs(8);
const IN_WORK: usize = 30;

/// These tests measure time, so they run one at a time.
async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

#[tokio::test]
async fn the_binaries_need_nothing_that_their_image_lacks() {
    let _turn = turn().await;
    let binaries = Binaries::deployed().await;
    for program in PROGRAMS {
        let path = binaries.path(program);
        let needs = Needs::of(path).expect("a program");
        let megabytes = path.metadata().expect("a file").len() / 1_000_000;
        println!("{program}: {megabytes} MB, needs {:?}, {:?}", needs.libraries, needs.glibc());
        let missing: Vec<_> = needs.libraries.iter().filter(|need| !in_the_image(need)).collect();
        assert!(missing.is_empty(), "{program} needs {missing:?}");
        assert!(!needs.libraries.is_empty(), "{program}: the section was not read");
        assert!(needs.glibc() <= Some(GLIBC_IN_THE_IMAGE), "{program}: {:?}", needs.glibc());
    }
}

/// What else is compiled in decides which TLS a program speaks.
#[tokio::test(flavor = "multi_thread")]
async fn records_pass_through_the_binaries_over_tls_and_with_tokens() {
    let _turn = turn().await;
    assert_records_pass(Binaries::deployed().await).await;
}

fn in_the_image(library: &str) -> bool {
    IN_THE_IMAGE.contains(&library)
}

#[tokio::test]
async fn the_binaries_are_ready_within_200_ms_on_their_port() {
    let _turn = turn().await;
    let binaries = Binaries::deployed().await;
    let settings = environment().await;
    for program in PROGRAMS {
        let mut times = Vec::new();
        for _ in 0..STARTS {
            times.push(time_to_ready(binaries.path(program), &settings).await);
        }
        times.sort();
        println!("{program} is ready after {times:?}");
        assert!(times[STARTS / 2] < READY_LIMIT, "{program}: {times:?}");
    }
}

/// The environment of a deployed service, with emulators in place of Google Cloud.
async fn environment() -> Settings {
    let (emulators, project) = (Emulators::shared().await, project());
    let admin = PubsubAdmin::connect(emulators.pubsub_host(), &project).await.expect("a client");
    admin.create_topic("spillway").await.expect("a topic");
    vec![
        ("GOOGLE_CLOUD_PROJECT", project),
        ("PUBSUB_EMULATOR_HOST", emulators.pubsub_host().to_owned()),
        ("FIRESTORE_EMULATOR_HOST", emulators.firestore_host().to_owned()),
    ]
}

/// The time from the start of the process to the first 200 of `/ready`. The process has only its
/// settings and `PORT`, and is asked at an address that it does not know, as on Cloud Run.
async fn time_to_ready(program: &Path, settings: &Settings) -> Duration {
    let port = free_port().expect("a port");
    let began = Instant::now();
    let process = Command::new(program)
        .env_clear()
        .env("PORT", port.to_string())
        .envs(settings.iter().map(|(name, value)| (*name, value.as_str())))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("it runs");
    let ready = timeout(PATIENCE, answers_ready(port)).await;
    let time = began.elapsed();
    assert!(ready.is_ok(), "{} is never ready", program.display());
    assert!(terminated(process).await.success(), "SIGTERM is not a failure");
    time
}

/// Asks without a pause, so that the first good answer is not noticed late.
async fn answers_ready(port: u16) {
    let api = Api::new(format!("http://127.0.0.2:{port}"));
    while TcpStream::connect(("127.0.0.2", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    while api.get("/ready").await.status != StatusCode::OK {}
}

async fn terminated(mut process: Child) -> ExitStatus {
    let pid = process.id().and_then(|pid| i32::try_from(pid).ok()).expect("it runs");
    let pid = rustix::process::Pid::from_raw(pid).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    process.wait().await.expect("it ends")
}

async fn deployment(seconds_per_char: &str) -> Cloud {
    let settings = vec![("WORK_SECONDS_PER_CHAR", seconds_per_char.to_owned())];
    let (binaries, emulators) = (Binaries::deployed().await, Emulators::shared().await);
    Cloud::of(binaries, emulators, settings, Faults::default()).await.expect("it starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_thirty_texts_in_work_ends_within_8_s_and_none_is_lost() {
    let _turn = turn().await;
    let mut cloud = deployment("0.1").await;
    let (api, worker) = (Api::new(cloud.gateway().url()), Api::new(cloud.worker().url()));
    let text = "x".repeat(3_000);
    let ids: Vec<_> = (0..IN_WORK).map(|n| format!("text-{n}")).collect();
    let answers = join_all(ids.iter().map(|id| api.ingest_json("acme", id, &text))).await;
    assert!(answers.iter().all(|answer| answer.status == StatusCode::ACCEPTED));
    eventually("the texts are in work", async || {
        (worker.metric("spillway_texts_in_work").await == IN_WORK as f64).then_some(())
    })
    .await;

    let began = Instant::now();
    let faster = vec![("WORK_SECONDS_PER_CHAR", "0".to_owned())];
    let ended = cloud.restart_worker(faster).await.expect("another one starts");
    println!("the worker gave back {IN_WORK} texts after {:?}: {ended}", began.elapsed());
    assert!(ended.success(), "{ended}");
    assert!(began.elapsed() < STOP_LIMIT, "{:?}", began.elapsed());
    api.listed("acme", "processed_logs", IN_WORK).await;
    assert_eq!(api.all("acme", "quarantine").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_with_thirty_requests_open_answers_them_and_ends_within_8_s() {
    let _turn = turn().await;
    let mut cloud = deployment("0").await;
    let url = cloud.gateway().url();
    let mut open = join_all((0..IN_WORK).map(|n| begin(&url, n))).await;

    let began = Instant::now();
    let finish = async {
        eventually("no new connection is accepted", async || {
            TcpStream::connect(url.trim_start_matches("http://")).await.err()
        })
        .await;
        join_all(open.iter_mut().map(finish)).await
    };
    let (ended, answers) = tokio::join!(cloud.restart_gateway(), finish);
    let ended = ended.expect("another one starts");
    println!("the gateway answered {IN_WORK} requests and ended after {:?}", began.elapsed());
    assert!(ended.success(), "{ended}");
    assert!(began.elapsed() < STOP_LIMIT, "{:?}", began.elapsed());
    assert!(answers.iter().all(|status| *status == StatusCode::ACCEPTED), "{answers:?}");
    Api::new(cloud.gateway().url()).listed("acme", "processed_logs", IN_WORK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_of_20_000_events_is_exact() {
    let _turn = turn().await;
    assert_exact_on_the_emulators(Binaries::deployed().await, 20_000).await;
}

const BODY: &str = "a text that comes late";

/// A request whose head the gateway has read, since it asks for the body.
async fn begin(url: &str, n: usize) -> Raw {
    let mut raw = Raw::connect(url).await;
    let head = format!(
        "POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n\
         X-Tenant-ID: acme\r\nX-Log-ID: late-{n}\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        BODY.len()
    );
    raw.send(head).await.expect("the head is sent");
    assert_eq!(raw.answer().await.expect("an answer").status, StatusCode::CONTINUE);
    raw
}

async fn finish(raw: &mut Raw) -> StatusCode {
    raw.send(BODY).await.expect("the body is sent");
    raw.answer().await.expect("an answer").status
}
