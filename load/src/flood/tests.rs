//! Whole runs against a test server with known faults: each fault is found, and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use clap::Parser;
use common::backoff::Backoff;
use indicatif::ProgressBar;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::census::Census;
use super::findings::{Finding, Findings};
use super::peer::{Behaviour, Fault, Peer, other};
use super::plan::Plan;
use super::plan::tests::small_plan;
use super::reader::Item;
use super::report::Report;
use super::send::{self, Outcome, Sender, Sending};
use super::sighting::Place;
use super::{Flood, FloodArgs, FloodError};

/// Short waits: the peer is quick.
const QUICK: Backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(20));

/// A record in the middle of the run.
const FAULTY: usize = 20;

#[derive(Parser)]
#[command(args_override_self = true)]
struct Command {
    #[command(flatten)]
    args: FloodArgs,
}

/// Sixty records of two tenants in 60 ms, with more options in `words`.
fn flood(target: &str, words: &[&str]) -> Flood {
    let common = ["flood", "--target", target, "--rpm", "60000", "--duration", "60ms"];
    let more = ["--tenants", "2", "--seed", "1", "--read-back-timeout", "300ms"];
    let words = common.iter().chain(&more).chain(words);
    let args = Command::try_parse_from(words).expect("valid options").args;
    let flood = Flood::new(args).expect("a client");
    Flood { retry: QUICK, poll: QUICK, read_grace: Duration::from_millis(100), ..flood }
}

async fn run(behaviour: Behaviour, words: &[&str]) -> (Data<Peer>, Report) {
    let (peer, target) = Peer::start(behaviour);
    let report = flood(&target, words).run(&CancellationToken::new()).await;
    (peer, report.expect("the peer answers"))
}

/// Runs against a test server with one fault. Returns the report, and the record with the fault.
async fn run_with(fault: Fault) -> (Report, (String, String)) {
    let behaviour = Behaviour { faults: BTreeMap::from([(FAULTY, fault)]), ..Behaviour::default() };
    let (peer, report) = run(behaviour, &[]).await;
    let faulty = peer.faulty(fault);
    (report, faulty)
}

/// Asserts that one kind of finding names only this record, and that nothing else was found.
fn assert_only(report: &Report, kind: fn(&mut Findings) -> &mut Vec<Finding>, expected: &Finding) {
    let mut rest = report.findings.clone();
    let found = std::mem::take(kind(&mut rest));
    assert_eq!(found, std::slice::from_ref(expected));
    assert!(rest.is_empty(), "nothing else is wrong: {rest:?}");
    assert!(!report.ok);
    assert!(report.to_string().contains(&expected.log_id), "the report names it");
}

fn finding((tenant, log_id): &(String, String), detail: &str) -> Finding {
    Finding { tenant: tenant.clone(), log_id: log_id.clone(), detail: detail.to_owned() }
}

#[tokio::test]
async fn a_server_without_faults_gets_a_clean_report() {
    let (_, report) = run(Behaviour::default(), &[]).await;
    assert!(report.ok, "{report}");
    let sending = &report.sending;
    assert_eq!((sending.sent, sending.promised, sending.held_back), (60, 60, 0));
    assert_eq!(sending.answers, BTreeMap::from([("202".to_owned(), 60)]));
    assert_eq!((sending.first_tries_failed, sending.retries), (0, 0));
    assert_eq!(sending.latency.map(|l| l.count), Some(60));
    let reading = &report.reading;
    assert_eq!((reading.stored, reading.compared, reading.without_original), (60, 60, 0));
    assert_eq!((reading.times_by_processed_at, reading.times_by_sight), (60, 0));
}

#[tokio::test]
async fn a_lost_record_is_missing() {
    let (report, faulty) = run_with(Fault::Lose).await;
    let expected = finding(&faulty, "neither stored nor in quarantine");
    assert_only(&report, |f| &mut f.missing, &expected);
}

#[tokio::test]
async fn a_record_that_is_never_finished_is_missing() {
    let (report, faulty) = run_with(Fault::Unfinished).await;
    let expected = finding(&faulty, "in progress: not all of its parts are stored");
    assert_only(&report, |f| &mut f.missing, &expected);
}

#[tokio::test]
async fn a_record_that_is_only_listed_is_missing() {
    let (report, faulty) = run_with(Fault::ListedOnly).await;
    let expected = finding(&faulty, "listed, but its document answers 404");
    assert_only(&report, |f| &mut f.missing, &expected);
}

#[tokio::test]
async fn a_record_listed_twice_is_doubled() {
    let (report, faulty) = run_with(Fault::Double).await;
    assert_only(&report, |f| &mut f.doubled, &finding(&faulty, "listed 2 times"));
}

#[tokio::test]
async fn a_record_stored_and_in_quarantine_is_doubled() {
    let (mut report, faulty) = run_with(Fault::QuarantineToo).await;
    let quarantined = std::mem::take(&mut report.findings.quarantined);
    assert_eq!(quarantined, [finding(&faulty, "a fault on demand")]);
    assert_only(&report, |f| &mut f.doubled, &finding(&faulty, "stored and also in quarantine"));
}

#[tokio::test]
async fn a_record_in_another_tenants_listing_is_in_the_wrong_place() {
    let both = [(Fault::Misplace, "and is not there"), (Fault::Spread, "and is there too")];
    for (fault, besides) in both {
        let behaviour =
            Behaviour { faults: BTreeMap::from([(FAULTY, fault)]), ..Behaviour::default() };
        let (peer, report) = run(behaviour, &[]).await;
        let (tenant, id) = peer.faulty(fault);
        let expected = finding(&(other(&tenant), id), &format!("belongs to {tenant} {besides}"));
        assert_only(&report, |f| &mut f.misplaced, &expected);
    }
}

#[tokio::test]
async fn a_record_in_another_tenants_quarantine_is_in_the_wrong_place() {
    let (report, (tenant, id)) = run_with(Fault::QuarantineElsewhere).await;
    let detail = format!("belongs to {tenant} and is there too");
    assert_only(&report, |f| &mut f.misplaced, &finding(&(other(&tenant), id), &detail));
}

#[tokio::test]
async fn a_changed_text_is_wrong_content_and_is_not_quoted() {
    let (report, faulty) = run_with(Fault::Corrupt).await;
    let detail = report.findings.wrong_content[0].detail.clone();
    assert!(detail.starts_with("original_text differs from character "), "{detail}");
    assert_only(&report, |f| &mut f.wrong_content, &finding(&faulty, &detail));
}

#[tokio::test]
async fn a_changed_source_is_wrong_content_even_if_no_document_is_compared() {
    let behaviour =
        Behaviour { faults: BTreeMap::from([(FAULTY, Fault::Relabel)]), ..Behaviour::default() };
    let (peer, report) = run(behaviour, &["--verify", "0"]).await;
    let detail = report.findings.wrong_content[0].detail.clone();
    assert!(detail.starts_with("source is csv_upload, sent as "), "{detail}");
    let expected = finding(&peer.faulty(Fault::Relabel), &detail);
    assert_only(&report, |f| &mut f.wrong_content, &expected);
}

#[tokio::test]
async fn a_record_in_quarantine_is_found_there_with_its_reason() {
    let (report, faulty) = run_with(Fault::Quarantine).await;
    assert_only(&report, |f| &mut f.quarantined, &finding(&faulty, "a fault on demand"));
}

#[tokio::test]
async fn a_record_that_nobody_sent_is_unexpected() {
    let (_, report) = run(Behaviour { stranger: true, ..Behaviour::default() }, &[]).await;
    let unexpected = &report.findings.unexpected;
    assert_eq!(unexpected.len(), 2, "one in each tenant");
    assert!(unexpected.iter().all(|f| f.log_id == "from-nowhere"));
    assert!(report.findings.missing.is_empty() && !report.ok);
}

#[tokio::test]
async fn a_refused_record_is_reported_with_the_reason_the_server_gave() {
    let (report, faulty) = run_with(Fault::Reject).await;
    let detail = "400: a fault on demand";
    assert_only(&report, |f| &mut f.refused, &finding(&faulty, detail));
    assert_eq!(report.sending.answers["400"], 1);
    assert_eq!((report.sending.promised, report.reading.stored), (59, 59));
}

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
async fn late_records_and_records_in_parts_are_waited_for() {
    for fault in [Fault::Late, Fault::InParts] {
        let behaviour =
            Behaviour { faults: BTreeMap::from([(FAULTY, fault)]), ..Behaviour::default() };
        let (_, report) = run(behaviour, &["--read-back-timeout", "1m"]).await;
        assert!(report.ok, "{fault:?}: {report}");
    }
}

#[tokio::test]
async fn without_a_time_in_the_listing_the_document_or_the_first_sight_gives_it() {
    let (report, _) = run_with(Fault::Timeless).await;
    assert!(report.ok, "{report}");
    assert_eq!((report.reading.times_by_processed_at, report.reading.times_by_sight), (59, 1));
    assert!(report.to_string().contains("to when it was first seen for 1"));
}

#[tokio::test]
async fn reads_that_fail_for_a_while_are_retried() {
    let (_, report) = run(Behaviour { refuse_reads: 5, ..Behaviour::default() }, &[]).await;
    assert!(report.ok, "{report}");
}

#[tokio::test]
async fn an_endless_listing_is_reported_and_abandoned() {
    let (_, report) = run(Behaviour { endless: true, ..Behaviour::default() }, &[]).await;
    let unreadable = &report.findings.unreadable;
    assert_eq!(unreadable.len(), 2);
    assert!(unreadable.iter().all(|f| f.detail.contains("has no end")), "{unreadable:?}");
    assert!(report.findings.missing.is_empty(), "nothing is known of what could not be read");
    assert!(!report.ok);
}

#[tokio::test]
async fn without_originals_the_report_says_that_no_text_was_compared() {
    let (_, report) = run(Behaviour { no_originals: true, ..Behaviour::default() }, &[]).await;
    assert!(report.ok, "{report}");
    assert_eq!((report.reading.compared, report.reading.without_original), (60, 60));
    assert!(report.to_string().contains("60 without original text"));
}

#[tokio::test]
async fn a_sample_is_called_a_sample() {
    let (_, report) = run(Behaviour::default(), &["--verify", "10"]).await;
    assert_eq!((report.reading.compared, report.reading.stored), (10, 60));
    assert!(report.to_string().contains("10 of 60 stored documents (a random sample)"));
}

#[tokio::test]
async fn the_token_is_sent_with_reads_and_a_wrong_one_is_reported_before_the_flood() {
    let behaviour = Behaviour { token: Some("s3cret"), ..Behaviour::default() };
    let (_, report) = run(behaviour.clone(), &["--token", "s3cret"]).await;
    assert!(report.ok, "{report}");

    let (peer, target) = Peer::start(behaviour);
    let refused = flood(&target, &["--token", "other"]).run(&CancellationToken::new()).await;
    assert!(matches!(refused, Err(FloodError::NotAllowed { status: 401, .. })));
    assert_eq!(peer.posts(), 0);
}

#[tokio::test]
async fn if_nothing_listens_the_error_says_how_to_start_a_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let target = format!("http://{}", listener.local_addr().expect("a bound address"));
    drop(listener);
    let error = flood(&target, &[]).run(&CancellationToken::new()).await.expect_err("nobody");
    let told = error.to_string();
    let expected = format!("nothing listens on {target} ");
    assert!(told.starts_with(&expected) && told.contains("`cargo run`"), "{told}");
}

#[tokio::test]
async fn a_stop_ends_the_sending_and_still_reads_back() {
    let stop = CancellationToken::new();
    let behaviour = Behaviour { cancels: Some((10, stop.clone())), ..Behaviour::default() };
    let (_, target) = Peer::start(behaviour);
    let report = flood(&target, &["--duration", "30s", "--connections", "60000"])
        .run(&stop)
        .await
        .expect("a report");
    assert!(report.ok && report.sending.stopped, "{report}");
    assert!(report.sending.sent >= 10 && report.sending.sent < report.sending.planned);
    assert_eq!(report.reading.stored, report.sending.sent);
}

#[tokio::test]
async fn a_stop_while_reading_back_ends_the_wait_and_still_reports() {
    let stop = CancellationToken::new();
    let behaviour = Behaviour {
        faults: BTreeMap::from([(FAULTY, Fault::Lose)]),
        cancels_at_third_listing: Some(stop.clone()),
        ..Behaviour::default()
    };
    let (peer, target) = Peer::start(behaviour);
    let flood = flood(&target, &["--read-back-timeout", "24h"]);
    let report = flood.run(&stop).await.expect("a report");
    assert!(report.reading.stopped && !report.sending.stopped, "{report}");
    let expected = finding(&peer.faulty(Fault::Lose), "neither stored nor in quarantine");
    assert_only(&report, |f| &mut f.missing, &expected);
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

#[tokio::test]
async fn a_run_that_sent_nothing_fails() {
    let stop = CancellationToken::new();
    stop.cancel();
    let (_, target) = Peer::start(Behaviour::default());
    let report = flood(&target, &[]).run(&stop).await.expect("a report");
    assert!(!report.ok);
    assert!(report.to_string().contains("nothing was sent"), "{report}");
}

/// Sends sixty records, one a millisecond, to a server that answers nothing until `open`.
async fn send_to_a_stalled_peer(
    connections: usize,
    open_when: impl Fn(&Peer, &ProgressBar) -> bool,
) -> Sending {
    let (opener, open) = watch::channel(false);
    let (peer, target) = Peer::start(Behaviour { open: Some(open), ..Behaviour::default() });
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

#[test]
fn a_record_that_was_seen_and_then_disappeared_is_missing() {
    let plan = small_plan(1);
    let now = chrono::Utc::now();
    let outcomes = [Outcome::Promised { sent_at: now, accepted_at: now }];
    let mut first = Census::new(&plan, &outcomes);
    let item = Item {
        log_id: plan.log_id(0),
        source: Some(plan.format(0).source().to_owned()),
        received_at: None,
        processed_at: Some(now),
        parts: None,
    };
    first.listed(0, &item, Place::Stored);
    assert!(first.findings().is_empty() && first.settled() == 1);
    let missing = first.next().findings().missing;
    assert!(missing[0].detail.ends_with("but is gone now"), "{missing:?}");
}

#[test]
fn a_clock_difference_is_measured() {
    let plan = small_plan(1);
    let now = chrono::Utc::now();
    let outcomes = [Outcome::Promised { sent_at: now, accepted_at: now }];
    for (off, expected) in [(7, 7), (-7, -7), (0, 0)] {
        let mut census = Census::new(&plan, &outcomes);
        let item = Item {
            log_id: plan.log_id(0),
            source: None,
            received_at: Some(now + chrono::TimeDelta::seconds(off)),
            processed_at: None,
            parts: None,
        };
        census.listed(0, &item, Place::Stored);
        assert_eq!(census.clock_difference().num_seconds(), expected);
    }
}

#[tokio::test]
async fn control_characters_from_a_server_are_escaped() {
    let (_, mut report) = run(Behaviour::default(), &[]).await;
    report.findings.unexpected.push(finding(&("t".into(), "\u{1b}[2J".into()), "x\r\n"));
    let printed = report.to_string();
    assert!(!printed.contains(['\u{1b}', '\r']), "{printed}");
    let parsed: serde_json::Value =
        serde_json::from_str(&serde_json::to_string(&report).expect("JSON")).expect("JSON");
    assert_eq!(parsed["findings"]["unexpected"][0]["log_id"], "\u{1b}[2J");
}
