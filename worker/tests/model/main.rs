//! Gateway, queue and worker as one machine of states: random schedules of what may happen to them, and
//! a model of what must come out. Each schedule that breaks a promise shrinks to its fewest steps.
//!
//! The real code runs: the gateway over HTTP, the embedded queue, the worker with its committer, the
//! embedded store. Between them, at the two ports, answers are lost and refused. Each life of the
//! process has its own tasks and memory, and a crash drops them all. Time is paused, so nothing sleeps.

mod broker;
mod control;
mod documents;
mod gateway;
mod ledger;
mod process;
mod request;
mod run;
mod schedule;
mod store;
mod watch;

use std::env;

use common::broker::embedded::Lane;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::broker::PublishFault;
use crate::control::Control;
use crate::request::{Sending, Shape};
use crate::run::Laboratory;
use crate::schedule::{Delivery, Step, schedule};
use crate::store::{Fault, Faults};

/// Schedules that are tried: the same ones each time. With `PROPTEST_CASES`, so many other ones are.
const SCHEDULES: u32 = 128;
/// Schedules within which a broken promise must be noticed.
const SOON: u32 = 256;
/// What so many schedules do at least once.
const REACHED: [&str; 5] =
    ["refused", "killed at a commit", "replayed", "documents removed", "in quarantine: conflict"];

/// Makes the same schedules each time.
fn always_the_same(config: Config) -> TestRunner {
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn in_every_schedule_each_accepted_record_ends_once_and_counts_once() {
    let config = Config { failure_persistence: None, ..Config::default() };
    let (cases, mut runner) = if env::var_os("PROPTEST_CASES").is_some() {
        (config.cases, TestRunner::new(config))
    } else {
        (SCHEDULES, always_the_same(Config { cases: SCHEDULES, ..config }))
    };
    let laboratory = Laboratory::new(Control::None);
    let tried = runner.run(&schedule(), |steps| laboratory.check(&steps));
    println!("{}", laboratory.report());
    tried.unwrap_or_else(|error| panic!("{error}"));
    let missed: Vec<_> = REACHED.into_iter().filter(|what| !laboratory.has_seen(what)).collect();
    assert!(cases < SCHEDULES || missed.is_empty(), "{cases} schedules never reached {missed:?}");
}

/// Random schedules seldom come this far: too many deliveries fail, and the last one too.
fn assert_makes_a_dead_letter(steps: &[Step]) {
    let laboratory = Laboratory::new(Control::None);
    laboratory.check(steps).expect("one end");
    assert!(laboratory.has_seen("in quarantine: dead-letter"), "{}", laboratory.report());
}

fn published(shape: Shape) -> Step {
    let sending = Sending { shape, tenant: 0, id: 0, content: 0 };
    Step::Publish(sending, PublishFault::None)
}

/// A delivery of one message, whose commits fail after those in `first`.
fn failing(lane: Lane, first: Vec<Fault>) -> Step {
    let faults = Faults { first, others: Fault::Refused, reads: 0 };
    Step::Deliver(Delivery { lane, most: 1, copies: 1, faults, acknowledges: true })
}

#[test]
fn an_event_that_is_never_taken_is_a_dead_letter() {
    let fails = || failing(Lane::Fast, Vec::new());
    assert_makes_a_dead_letter(&[published(Shape::Event), fails(), fails(), Step::Crash]);
}

/// Random schedules have found it: both parts are stored, and the text waits for a redrive.
#[test]
fn a_text_whose_document_cannot_be_completed_is_a_dead_letter() {
    let second =
        Delivery { lane: Lane::Slow, most: 1, copies: 1, faults: Faults::NONE, acknowledges: true };
    assert_makes_a_dead_letter(&[
        published(Shape::LongText),
        // The claim is stored, and the first part is not.
        failing(Lane::Slow, vec![Fault::None]),
        Step::Deliver(second),
        // The first part is stored, and the text's document is not.
        failing(Lane::Slow, vec![Fault::None]),
    ]);
}

/// The smallest schedule that shows the broken promise, of those that were tried. The same ones are
/// tried each time.
fn counterexample(control: Control) -> Vec<Step> {
    let config = Config {
        cases: SOON,
        max_shrink_iters: 64,
        failure_persistence: None,
        ..Config::default()
    };
    let laboratory = Laboratory::new(control);
    match always_the_same(config).run(&schedule(), |steps| laboratory.check(&steps)) {
        Err(TestError::Fail(why, steps)) => {
            println!("{control:?}: {why}, after {steps:#?}");
            steps
        }
        other => panic!("{control:?} is not noticed: {other:?}"),
    }
}

#[test]
fn an_ignored_result_of_a_publish_is_noticed() {
    counterexample(Control::PublishIgnored);
}

#[test]
fn a_dropped_part_is_noticed() {
    counterexample(Control::PartDropped);
}

#[test]
fn a_gate_without_a_precondition_is_noticed() {
    counterexample(Control::GateUnguarded);
}

#[test]
fn an_acknowledgement_before_the_commit_is_noticed() {
    counterexample(Control::AcknowledgedEarly);
}

#[test]
fn an_upsert_that_is_remembered_before_the_commit_is_noticed() {
    counterexample(Control::UpsertRememberedEarly);
}
