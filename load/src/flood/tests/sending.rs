//! Records are sent when they are due, tried again, and held back if too many are in flight.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::{QUICK, flood, run};
use crate::flood::peer::{self, Behaviour, Peer};
use crate::flood::plan::Plan;
use crate::flood::plan::tests::small_plan;
use crate::flood::send::{self, Outcome, Sender, Sending};

#[tokio::test]
async fn a_503_is_retried_as_the_same_record() {
    let (_, report) = run(Behaviour { refuse_first: true, ..Behaviour::default() }, &[]).await;
    assert!(report.ok, "{report}");
    assert_eq!((report.sending.first_tries_failed, report.sending.retries), (60, 60));
    let expected = [("202".to_owned(), 60), ("503".to_owned(), 60)];
    assert_eq!(report.sending.answers, BTreeMap::from(expected));
}

#[tokio::test]
async fn tries_are_limited() {
    let behaviour = Behaviour { refuse_first: true, ..Behaviour::default() };
    let (_, report) = run(behaviour, &["--tries", "1"]).await;
    assert_eq!(report.findings.refused.len(), 60);
    assert_eq!((report.sending.promised, report.sending.retries), (0, 0));
}

#[tokio::test]
async fn held_back_records_alone_make_a_run_fail() {
    let words = ["--rpm", "6000000", "--duration", "10ms", "--connections", "1"];
    let (_, report) = run(Behaviour::default(), &words).await;
    let (sent, held_back) = (report.sending.sent, report.sending.held_back);
    assert!(held_back > 0 && sent + held_back == 1_000, "{report}");
    assert!(report.findings.is_empty() && !report.ok, "{report}");
    assert!(report.to_string().contains(&format!("{held_back} held back")));
}

/// Sends sixty records, one a millisecond, to a server that answers nothing until `open`.
async fn send_to_a_stalled_peer(
    connections: usize,
    open_when: impl Fn(&Peer, &ProgressBar) -> bool,
) -> Sending {
    let (opener, open) = watch::channel(false);
    let (peer, target) = peer::start(Behaviour { open: Some(open), ..Behaviour::default() });
    let bar = ProgressBar::hidden();
    let sender = sender(target, connections);
    let opening = async {
        while !open_when(&peer, &bar) {
            tokio::task::yield_now().await;
        }
        opener.send(true).expect("the peer waits");
    };
    tokio::join!(send::send(sender, &bar), opening).0
}

fn sender(base: String, connections: usize) -> Arc<Sender> {
    let plan = Plan { tenants: 2, interval: Duration::from_millis(1), ..small_plan(60) };
    Arc::new(Sender {
        plan: Arc::new(plan),
        client: flood(&base, &[]).client,
        base,
        in_flight: Arc::new(Semaphore::new(connections)),
        most_tries: 2,
        backoff: QUICK,
        stop: CancellationToken::new(),
    })
}

#[tokio::test]
async fn a_stalled_server_gets_every_request_on_time_and_the_latency_shows_the_stall() {
    let sending = send_to_a_stalled_peer(100, |peer, _| peer.posts() == 60).await;
    assert_eq!(sending.promised(), 60);
    // The first was due 59 ms before the last, and all were answered after the last had come.
    assert!(sending.latency.max() >= 58_000, "{} µs", sending.latency.max());
}

#[tokio::test]
async fn a_record_due_while_too_many_are_in_flight_is_counted_and_never_sent() {
    let sending = send_to_a_stalled_peer(2, |_, bar| bar.position() == 58).await;
    let held_back = sending.outcomes.iter().filter(|o| **o == Outcome::HeldBack).count();
    assert_eq!((sending.promised(), held_back), (2, 58));
}

#[tokio::test]
async fn a_broken_connection_is_a_failed_try_of_its_own_kind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("a bound address"));
    let hanging_up = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let sending = send::send(sender(base, 100), &ProgressBar::hidden()).await;
    hanging_up.abort();
    assert_eq!((sending.promised(), sending.first_tries_failed, sending.retries), (0, 60, 60));
    assert_eq!(sending.answers.values().sum::<u64>(), 120);
    assert!(!sending.answers.contains_key("202"), "{:?}", sending.answers);
}
