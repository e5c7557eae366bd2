//! Whole runs against a test server with known faults: each fault is found, and nothing else.

mod access;
mod census;
mod faults;
mod reading;
mod sending;
mod stop;

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::web::Data;
use clap::Parser;
use common::backoff::Backoff;
use tokio_util::sync::CancellationToken;

use super::findings::{Finding, Findings};
use super::peer::{self, Behaviour, Fault, Peer};
use super::report::Report;
use super::{Flood, FloodArgs};

/// Short waits: the peer is quick.
const QUICK: Backoff = Backoff::new(Duration::from_millis(2), Duration::from_millis(20));

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
    let (peer, target) = peer::start(behaviour);
    let report = flood(&target, words).run(&CancellationToken::new()).await;
    (peer, report.expect("the peer answers"))
}

/// One fault, in a record in the middle of the run.
fn with_fault(fault: Fault) -> Behaviour {
    Behaviour { faults: BTreeMap::from([(20, fault)]), ..Behaviour::default() }
}

/// Runs against a test server with one fault. Returns the report, and the record with the fault.
async fn run_with(fault: Fault) -> (Report, (String, String)) {
    let (peer, report) = run(with_fault(fault), &[]).await;
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
