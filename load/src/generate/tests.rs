//! Whole runs against a test server that accepts events, refuses them, or asks for time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Json};
use serde_json::{Value, json};

use super::args::tests::parse;
use super::summary::Summary;
use super::{GenerateError, generate};
use crate::test_server::{nowhere, serve};

/// What the test server answers to the first try of an event.
#[derive(Clone, Copy, PartialEq)]
enum Behaviour {
    Take,
    AskForASecond,
    Refuse,
}

/// A server with `POST /event` that keeps every try.
struct Peer {
    behaviour: Behaviour,
    tries: Mutex<Vec<(Instant, Value)>>,
}

impl Peer {
    /// Starts a server, and returns it with its base URL.
    fn start(behaviour: Behaviour) -> (Data<Self>, String) {
        let peer = Data::new(Self { behaviour, tries: Mutex::default() });
        let url = serve(&peer, routes);
        (peer, url)
    }

    /// The times at which each event was tried, by its text.
    fn tries(&self) -> BTreeMap<String, Vec<Instant>> {
        let mut tries: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (moment, event) in self.tries.lock().expect("no handler panics").iter() {
            tries.entry(event.to_string()).or_default().push(*moment);
        }
        tries
    }
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/event", web::post().to(event));
}

async fn event(peer: Data<Peer>, event: Json<Value>) -> HttpResponse {
    let mut tries = peer.tries.lock().expect("no handler panics");
    let is_first = tries.iter().all(|(_, known)| *known != *event);
    tries.push((Instant::now(), event.into_inner()));
    match peer.behaviour {
        Behaviour::AskForASecond if is_first => {
            HttpResponse::ServiceUnavailable().insert_header(("Retry-After", "1")).finish()
        }
        Behaviour::Refuse => HttpResponse::BadRequest().json(json!({"detail": "no such site"})),
        _ => HttpResponse::Accepted().json(json!({"status": "accepted"})),
    }
}

async fn run(target: &str, words: &[&str]) -> Result<Summary, GenerateError> {
    let words = [&["--target", target, "--events", "50"], words].concat();
    generate(&parse(&words).expect("valid options")).await
}

#[tokio::test]
async fn the_file_holds_exactly_the_events_sent_and_no_other_file_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("events.ndjson");
    let words = ["--tenant", "a", "--tenant", "b", "--out", out.to_str().expect("UTF-8")];
    let (peer, target) = Peer::start(Behaviour::Take);
    let summary = run(&target, &words).await.expect("all are taken");
    let written = std::fs::read_to_string(&out).expect("the file");
    let mut lines: Vec<_> = written.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, peer.tries().keys().collect::<Vec<_>>());
    assert_eq!((lines.len(), summary.tally.events()), (50, 50));
    assert!(peer.tries().values().all(|tries| tries.len() == 1));
    assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 1);
    assert!(summary.to_string().starts_with("50 events sent, of "), "{summary}");
}

#[tokio::test]
async fn without_a_target_the_file_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let written = async |target: &str, name: &str| {
        let out = folder.path().join(name);
        let summary = run(target, &["--out", out.to_str().expect("UTF-8")]).await.expect("a file");
        (std::fs::read_to_string(out).expect("the file"), summary.tally)
    };
    let (peer, target) = Peer::start(Behaviour::Take);
    let made = written("none", "made").await;
    assert!(peer.tries().is_empty());
    assert_eq!(made, written(&target, "sent").await);
}

#[tokio::test]
async fn if_the_file_cannot_be_written_nothing_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let (peer, target) = Peer::start(Behaviour::Take);
    let run = run(&target, &["--out", folder.path().to_str().expect("UTF-8")]).await;
    assert!(matches!(run, Err(GenerateError::File(..))));
    assert!(peer.tries().is_empty());
}

#[tokio::test]
async fn a_503_is_retried_as_the_same_event_after_the_time_the_server_asked_for() {
    let (peer, target) = Peer::start(Behaviour::AskForASecond);
    run(&target, &[]).await.expect("all are taken in the end");
    let tries = peer.tries();
    assert_eq!(tries.len(), 50);
    for tries in tries.values() {
        assert_eq!(tries.len(), 2);
        assert!(tries[1] - tries[0] >= Duration::from_secs(1));
    }
}

#[tokio::test]
async fn a_refusal_ends_the_run_with_the_reason_the_server_gave() {
    let (peer, target) = Peer::start(Behaviour::Refuse);
    let error = run(&target, &["--concurrency", "1"]).await.expect_err("a refusal");
    let GenerateError::NotTaken { taken: 0, events: 50, source } = error else {
        panic!("{error}");
    };
    assert_eq!(source.to_string(), "an event was answered 400: no such site, on try 1");
    assert_eq!(peer.tries().len(), 1);
}

#[tokio::test]
async fn if_nothing_listens_the_error_says_how_to_start_a_server() {
    let target = nowhere();
    let told = run(&target, &[]).await.expect_err("nobody").to_string();
    let expected = format!("nothing listens on {target} ");
    assert!(told.starts_with(&expected) && told.contains("`cargo run`"), "{told}");
}
