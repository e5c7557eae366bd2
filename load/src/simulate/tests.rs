//! Whole simulations against a test server with a known fault: it is found, and nothing else.

use std::time::Duration;

use common::backoff::Backoff;
use reqwest::Url;

use super::args::tests::parse;
use super::error::SimulateError;
use super::peer::{Fault, Own, Peer};
use super::report::{Kill, Report};
use super::simulation::Simulation;
use crate::setup::SetupError;
use crate::test_server::nowhere;

/// Short waits: the peer is quick.
const QUICK: Backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(20));

/// Twenty batches of two customers in half a second.
const OPTIONS: [&str; 10] = [
    "--customers",
    "2",
    "--batches",
    "20",
    "--seed",
    "1",
    "--duration",
    "500ms",
    "--timeout",
    "5s",
];

fn simulation(target: &Url) -> Simulation {
    let simulation = Simulation::new(&parse(&OPTIONS).expect("options"), target);
    let simulation = simulation.expect("a client");
    Simulation { retry: QUICK, settling: Duration::from_millis(1), ..simulation }
}

/// Simulates on a server with this fault, which belongs to the simulation or not.
async fn simulate(fault: Fault, is_own: bool) -> (Report, usize, usize) {
    let scenario = parse(&OPTIONS).expect("options").scenario("");
    let (peer, url) = Peer::start(scenario, fault);
    let mut own = Own(peer.clone(), url.clone());
    let report = simulation(&url).run(is_own.then_some(&mut own)).await.expect("a report");
    let (crashes, posts) = peer.crashes_and_posts();
    (report, crashes, posts)
}

#[tokio::test]
async fn a_sound_server_that_is_killed_on_the_way_is_well() {
    let (report, crashes, posts) = simulate(Fault::None, true).await;
    assert!(report.is_well(), "{report}");
    assert_eq!((report.sending.requests, report.sending.tries_again), (26, 5));
    assert_eq!((crashes, posts), (1, 31));
    assert_eq!(report.kill, Kill::Killed { in_work: 1 });
    let text = report.to_string();
    assert!(text.contains("All is well") && text.contains("seed 1"), "{text}");
    assert!(text.contains("sent        26 requests, 6 of them duplicates\n"), "{text}");
}

#[tokio::test]
async fn a_server_that_is_not_ours_is_not_killed_and_the_report_says_so() {
    let (report, crashes, _) = simulate(Fault::None, false).await;
    assert_eq!((report.is_well(), crashes), (true, 0));
    assert!(report.to_string().contains("killed      nothing: "), "{report}");
}

#[tokio::test]
async fn wrong_counts_are_found_in_every_grain_with_what_was_sent() {
    for (fault, what) in [
        (Fault::CountsTwice, "requests"),
        (Fault::Loses, "requests"),
        (Fault::Misplaces, "requests"),
        (Fault::CountsLate, "minute 2025-05-02T11:44Z, requests"),
        (Fault::ConfusesAgents, "Chrome: 0 served"),
    ] {
        let (report, ..) = simulate(fault, true).await;
        let text = report.to_string();
        assert!(!report.is_well() && !report.differences.is_empty(), "{fault:?}: {text}");
        assert!(report.differences.iter().any(|it| it.to_string().contains(what)), "{fault:?}");
        assert!(text.contains("Something is wrong: "), "{text}");
        assert!(report.sending.refused.is_empty() && report.quarantined.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn what_is_refused_or_in_quarantine_is_told_with_the_reason() {
    let (report, ..) = simulate(Fault::Refuses, true).await;
    assert!(!report.is_well());
    assert!(report.to_string().contains("not answered 202: 400: no such thing"), "{report}");
    let (report, ..) = simulate(Fault::Quarantines, true).await;
    assert!(!report.is_well() && report.differences.is_empty());
    let told = "in quarantine: customer-1, conflict: a \\u{7}bell\n";
    assert!(report.to_string().contains(told), "{report}");
}

#[tokio::test]
async fn nobody_there_is_an_error_that_names_the_target() {
    let target = Url::parse(&nowhere()).expect("a URL");
    let result = simulation(&target).run(None::<&mut Own>).await;
    let Err(SimulateError::Setup(SetupError::NobodyThere(error))) = result else {
        panic!("nobody is there")
    };
    assert!(error.to_string().contains(target.as_str().trim_end_matches('/')), "{error}");
}
