//! The group commit, on the embedded store with faults: nothing lost, nothing counted twice, and
//! bounded commits.

mod faulty;

use std::collections::BTreeMap;
use std::iter::repeat;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use common::path::DocumentPath;
use common::store::patience::PATIENCE;
use common::store::{CommitLimits, Document, DocumentStore, StoreError, Value, Write, fields};
use futures::future::{join, join_all};
use futures::poll;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::runtime::Builder;
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep};
use worker::committer::{CommitError, Committer, Unit, WAITING};
use worker::outcome::RecordOutcome;

use crate::faulty::{Commit, Fault, FaultyStore, log, logs, quarantine};

/// What became of a unit; a word for each error.
type Answer = Result<RecordOutcome, &'static str>;
type Pending<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// The limits of the embedded store.
const LIMITS: CommitLimits = CommitLimits::ONE_AT_A_TIME;
/// Those of a store like Firestore.
const MANY_AT_ONCE: CommitLimits =
    CommitLimits { at_once: 4, interval: Duration::from_millis(250), ..LIMITS };

const STORED: Answer = Ok(RecordOutcome::Stored);
const DUPLICATE: Answer = Ok(RecordOutcome::Duplicate);
const CONFLICT: Answer = Ok(RecordOutcome::Conflict);

struct Bench {
    store: Arc<FaultyStore>,
    committer: Committer,
}

impl Bench {
    fn new() -> Self {
        Self::with_interval(Duration::ZERO)
    }

    fn with_interval(interval: Duration) -> Self {
        Self::within(CommitLimits { interval, ..LIMITS })
    }

    fn within(limits: CommitLimits) -> Self {
        let store = FaultyStore::new();
        let committer = Committer::start(Arc::clone(&store) as Arc<dyn DocumentStore>, limits);
        Self { store, committer }
    }

    /// Stores the unit through another committer, as another worker would.
    async fn stored_elsewhere(&self, unit: Unit) {
        let other = Committer::start(self.store.clone() as Arc<dyn DocumentStore>, LIMITS);
        assert_eq!(other.commit(unit).await.ok(), Some(RecordOutcome::Stored));
    }

    async fn commit(&self, unit: Unit) -> Answer {
        self.committer.commit(unit).await.map_err(|error| match error {
            CommitError::Stopped => "stopped",
            CommitError::Store(error) => match *error {
                StoreError::AlreadyExists => "already exists",
                StoreError::Changed => "changed",
                StoreError::Passing(_) => "passing",
                StoreError::Contention(_) => "contention",
                StoreError::Invalid(_) => "invalid",
                StoreError::Deployment(_) => "deployment",
            },
        })
    }

    /// Hands over all `units`, in this order, before the committer takes the first one.
    async fn hand_over(&self, units: impl IntoIterator<Item = Unit>) -> Vec<Pending<'_>> {
        let mut pending: Vec<Pending<'_>> = Vec::new();
        for unit in units {
            pending.push(Box::pin(self.commit(unit)));
            let last = pending.last_mut().expect("it was pushed");
            assert!(unconstrained(async { poll!(last) }).await.is_pending());
        }
        pending
    }

    /// The answers to `units` that wait together, in the same order.
    async fn at_once(&self, units: impl IntoIterator<Item = Unit>) -> Vec<Answer> {
        join_all(self.hand_over(units).await).await
    }

    async fn documents(&self) -> [Vec<Document>; 2] {
        [self.store.all(logs()).await, self.store.all(quarantine()).await]
    }

    fn commits(&self) -> Vec<Commit> {
        self.store.commits()
    }

    async fn count(&self, name: &str) -> Option<i64> {
        self.store.find(counter(name)).await?.fields.get("count")?.as_integer()
    }

    async fn digest(&self, id: &str) -> Option<String> {
        self.store.find(log(id)).await?.fields.get("digest")?.as_text().map(str::to_owned)
    }
}

/// An operator removes a record, and its sender sends it again.
#[tokio::test(start_paused = true)]
async fn a_record_that_was_removed_and_comes_again_is_stored_again() {
    let bench = Bench::new();
    assert_eq!(bench.at_once([unit("1", "d"), unit("2", "d")]).await, [STORED, STORED]);
    let removed = Write::Delete { path: log("1") };
    bench.store.commit(vec![removed]).await.expect("removed");
    let again = [unit("1", "d"), unit("2", "d"), unit("2", "other"), unit("1", "other")];
    assert_eq!(bench.at_once(again).await, [STORED, DUPLICATE, CONFLICT, CONFLICT]);
    assert_eq!(bench.digest("1").await.as_deref(), Some("d"));
}

/// A record with this id and digest that nothing counts.
fn unit(id: &str, digest: &str) -> Unit {
    Unit { gate: log(id), fields: fields([("digest", digest.into())]), writes: Vec::new() }
}

fn counted(id: &str, digest: &str, counter_name: &str) -> Unit {
    Unit { writes: vec![add(counter(counter_name), 1)], ..unit(id, digest) }
}

/// A record that no store takes.
fn bad(id: &str) -> Unit {
    let mut unit = counted(id, "bad", "hits");
    unit.fields.insert("bad".to_owned(), true.into());
    unit
}

fn counter(name: &str) -> DocumentPath {
    quarantine().hashed(&[name])
}

fn add(path: DocumentPath, amount: i64) -> Write {
    Write::Increment { path, fields: fields([]).into(), by: [("count".into(), amount)].into() }
}

fn text_of(bytes: usize) -> Value {
    "x".repeat(bytes).into()
}

/// `count` records with different ids, all counted by `hits`.
fn hits(count: usize) -> Vec<Unit> {
    (0..count).map(|n| counted(&n.to_string(), "d", "hits")).collect()
}

fn created(commits: &[Commit]) -> Vec<Vec<&str>> {
    commits.iter().map(Commit::created).collect()
}

#[tokio::test]
async fn units_that_gather_during_a_commit_form_the_next_one() {
    let bench = Bench::new();
    bench.store.hold();
    let mut first = bench.hand_over([unit("first", "d")]).await;
    bench.store.begun(1).await;
    let gathered = bench.hand_over(hits(100)).await;
    bench.store.release();
    assert_eq!(first.remove(0).await, STORED);
    assert_eq!(join_all(gathered).await, [STORED; 100]);
    let sizes: Vec<_> = bench.commits().iter().map(|commit| commit.created().len()).collect();
    assert_eq!(sizes, [1, 100]);
}

#[tokio::test]
async fn increments_on_one_document_become_one_write_with_the_sum() {
    let bench = Bench::new();
    let mut units = hits(50);
    units[7].writes.push(add(counter("misses"), 5));
    assert_eq!(bench.at_once(units).await, [STORED; 50]);
    let writes = &bench.commits()[0].writes;
    assert_eq!(writes.len(), 50 + 2);
    assert!(
        writes.contains(&add(counter("hits"), 50)) && writes.contains(&add(counter("misses"), 5))
    );
    assert_eq!((bench.count("hits").await, bench.count("misses").await), (Some(50), Some(5)));
}

#[tokio::test]
async fn a_field_gets_the_last_value_even_beside_increments() {
    let bench = Bench::new();
    let set = |id: &str, grain: &str| {
        let set = fields([("grain", grain.into())]).into();
        let write = Write::Upsert { path: counter("hits"), fields: set };
        Unit { writes: vec![write], ..unit(id, "d") }
    };
    bench.at_once([set("1", "day"), counted("2", "d", "hits"), set("3", "hour")]).await;
    let expected = fields([("count", 1i64.into()), ("grain", "hour".into())]);
    assert_eq!(bench.store.find(counter("hits")).await.expect("a counter").fields, expected);
    assert_eq!(bench.commits().len(), 1);
}

#[tokio::test]
async fn of_units_with_one_gate_only_the_first_costs_a_commit() {
    let bench = Bench::new();
    let again = (0..20).map(|n| counted("1", if n % 5 == 3 { "other" } else { "d" }, "hits"));
    let expected = (0..20).map(|n| match n {
        0 => STORED,
        n if n % 5 == 3 => CONFLICT,
        _ => DUPLICATE,
    });
    assert_eq!(bench.at_once(again).await, expected.collect::<Vec<_>>());
    assert_eq!((bench.commits().len(), bench.count("hits").await), (1, Some(1)));
}

#[tokio::test]
async fn every_unit_of_a_known_record_is_answered_by_the_stored_digest() {
    let bench = Bench::new();
    bench.stored_elsewhere(counted("1", "d", "hits")).await;
    let again = ["other", "d", "other", "d"].map(|digest| counted("1", digest, "hits"));
    assert_eq!(bench.at_once(again).await, [CONFLICT, DUPLICATE, CONFLICT, DUPLICATE]);
    assert_eq!((bench.commits().len(), bench.count("hits").await), (2, Some(1)));
}

#[tokio::test]
async fn a_gate_seen_a_moment_ago_is_answered_without_the_store() {
    let bench = Bench::new();
    assert_eq!(bench.commit(counted("1", "d", "hits")).await, STORED);
    let again = ["other", "d", "other", "d"].map(|digest| counted("1", digest, "hits"));
    assert_eq!(bench.at_once(again).await, [CONFLICT, DUPLICATE, CONFLICT, DUPLICATE]);
    assert_eq!((bench.commits().len(), bench.count("hits").await), (1, Some(1)));
}

#[tokio::test]
async fn a_duplicate_among_fresh_units_is_the_only_one_dropped() {
    let bench = Bench::new();
    bench.stored_elsewhere(counted("3", "d", "hits")).await;
    let mut expected = [STORED; 10];
    expected[3] = DUPLICATE;
    assert_eq!(bench.at_once(hits(10)).await, expected);
    assert_eq!((bench.commits().len(), bench.count("hits").await), (3, Some(10)));
}

#[tokio::test]
async fn a_conflict_among_fresh_units_is_the_only_one_dropped() {
    let bench = Bench::new();
    bench.stored_elsewhere(counted("3", "first", "hits")).await;
    let mut expected = [STORED; 10];
    expected[3] = CONFLICT;
    assert_eq!(bench.at_once(hits(10)).await, expected);
    assert_eq!((bench.commits().len(), bench.count("hits").await), (3, Some(10)));
    assert_eq!(bench.digest("3").await.as_deref(), Some("first"));
}

#[tokio::test(start_paused = true)]
async fn an_ambiguous_answer_makes_nothing_count_twice() {
    let bench = Bench::new();
    bench.store.fail_commits([Fault::Ambiguous]);
    let mut units = hits(10);
    units.push(counted("0", "other", "hits"));
    let mut expected = vec![DUPLICATE; 10];
    expected.push(CONFLICT);
    assert_eq!(bench.at_once(units).await, expected);
    assert_eq!(bench.count("hits").await, Some(10));
    assert_eq!(bench.store.all(logs()).await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_passing_fault_is_retried_in_place_and_the_units_are_stored_once() {
    let bench = Bench::new();
    bench.store.fail_commits([Fault::Passing; 5]);
    assert_eq!(bench.at_once(hits(10)).await, [STORED; 10]);
    assert_eq!((bench.commits().len(), bench.count("hits").await), (6, Some(10)));
}

/// Otherwise the same commit would come again and again, as long as the store is slow.
#[tokio::test(start_paused = true)]
async fn a_commit_that_is_too_much_for_a_slow_store_is_tried_in_halves() {
    let bench = Bench::new();
    // Four units, and the counter that they share.
    bench.store.is_slow_beyond(5);
    assert_eq!(bench.at_once(hits(16)).await, [STORED; 16]);
    assert_eq!(bench.count("hits").await, Some(16));
    let units: Vec<_> = bench.commits().iter().map(|commit| commit.created().len()).collect();
    assert_eq!(units, [16, 8, 4, 4, 8, 4, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_passing_fault_of_a_read_is_retried_in_place_too() {
    let bench = Bench::new();
    assert_eq!(bench.commit(counted("0", "d", "hits")).await, STORED);
    bench.store.fail_reads([Fault::Passing; 5]);
    assert_eq!(bench.at_once(hits(3)).await, [DUPLICATE, STORED, STORED]);
    assert_eq!(bench.count("hits").await, Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_lasting_fault_is_returned_in_the_end_and_the_committer_goes_on() {
    let bench = Bench::new();
    bench.store.fail_commits(repeat(Fault::Passing));
    let began = Instant::now();
    assert_eq!(bench.at_once(hits(10)).await, [Err("passing"); 10]);
    assert!(began.elapsed() <= PATIENCE && began.elapsed() > PATIENCE / 2);
    bench.store.fail_commits([]);
    assert_eq!(bench.at_once(hits(10)).await, [STORED; 10]);
}

#[tokio::test]
async fn a_deployment_fault_fails_every_unit_and_a_later_try_stores_them() {
    let bench = Bench::new();
    bench.store.fail_commits([Fault::Deployment]);
    let units = || hits(10).into_iter().chain([counted("0", "d", "hits")]);
    assert_eq!(bench.at_once(units()).await, [Err("deployment"); 11]);
    assert!(bench.store.all(logs()).await.is_empty() && bench.commits().len() == 1);
    assert_eq!(bench.at_once(units()).await[9..], [STORED, DUPLICATE]);
}

#[tokio::test]
async fn only_the_bad_units_of_an_invalid_commit_are_refused() {
    for refused in [&[3][..], &[0], &[15], &[0, 7, 8, 15], &[4, 5], &[]] {
        let bench = Bench::new();
        let is_bad = |n: usize| refused.contains(&n);
        let units = hits(16).into_iter().enumerate();
        let units = units.map(|(n, unit)| if is_bad(n) { bad(&n.to_string()) } else { unit });
        let expected = (0..16).map(|n| if is_bad(n) { Err("invalid") } else { STORED });
        assert_eq!(bench.at_once(units).await, expected.collect::<Vec<_>>(), "{refused:?}");
        assert_eq!(bench.count("hits").await, Some(16 - refused.len() as i64));
        assert!(bench.commits().len() <= 1 + 2 * 4 * refused.len(), "halves, not one by one");
    }
}

#[tokio::test]
async fn a_bad_unit_fails_no_other_unit_of_its_gate() {
    let bench = Bench::new();
    let rivals = [bad("1"), bad("1"), counted("1", "d", "hits"), counted("1", "d", "hits")];
    let expected = [Err("invalid"), Err("invalid"), STORED, DUPLICATE];
    assert_eq!(bench.at_once(rivals).await, expected);
    assert_eq!(bench.digest("1").await.as_deref(), Some("d"));
}

#[tokio::test]
async fn an_invalid_read_fails_no_valid_unit() {
    let bench = Bench::new();
    assert_eq!(bench.commit(counted("0", "d", "hits")).await, STORED);
    bench.store.fail_reads([Fault::Invalid]);
    assert_eq!(bench.at_once(hits(4)).await, [DUPLICATE, STORED, STORED, STORED]);
    assert_eq!(bench.count("hits").await, Some(4));
}

#[tokio::test]
async fn the_units_of_a_commit_are_bounded() {
    let bench = Bench::new();
    let answers = bench.at_once(hits(2 * LIMITS.units + 1)).await;
    assert!(answers.iter().all(|answer| *answer == STORED));
    let units: Vec<_> = bench.commits().iter().map(|commit| commit.created().len()).collect();
    assert_eq!(units, [LIMITS.units, LIMITS.units, 1]);
}

/// A record that is counted by `times` counters of its own.
fn counted_often(id: &str, times: usize) -> Unit {
    let writes = (0..times).map(|n| add(counter(&format!("{id}/{n}")), 1)).collect();
    Unit { writes, ..unit(id, "d") }
}

#[tokio::test]
async fn the_documents_of_a_commit_are_bounded_and_a_larger_unit_gets_its_own() {
    let bench = Bench::new();
    let mut units: Vec<_> = (0..120).map(|n| counted_often(&n.to_string(), 9)).collect();
    units.insert(110, counted_often("large", LIMITS.documents));
    let answers = bench.at_once(units).await;
    assert!(answers.iter().all(|answer| *answer == STORED));
    let writes: Vec<_> = bench.commits().iter().map(|commit| commit.writes.len()).collect();
    assert_eq!(writes, [LIMITS.documents, LIMITS.documents, 100, LIMITS.documents + 1, 100]);
}

#[tokio::test]
async fn a_document_that_units_share_counts_once_toward_the_bound() {
    let bench = Bench::new();
    let shared: Vec<_> = (0..100).map(|n| add(counter(&n.to_string()), 1)).collect();
    let units = (0..200).map(|n| Unit { writes: shared.clone(), ..unit(&n.to_string(), "d") });
    bench.at_once(units).await;
    let writes: Vec<_> = bench.commits().iter().map(|commit| commit.writes.len()).collect();
    assert_eq!(writes, [200 + 100]);
}

#[tokio::test]
async fn the_bytes_of_a_commit_are_bounded_and_a_larger_unit_gets_its_own() {
    let bench = Bench::new();
    let fifth = |id: &str| Unit {
        fields: fields([("t", text_of(LIMITS.bytes / 5 - 10)), ("digest", "d".into())]),
        ..unit(id, "d")
    };
    let set = Arc::new(fields([("t", text_of(LIMITS.bytes / 5))]));
    let large =
        (0..6).map(|n| Write::Upsert { path: counter(&n.to_string()), fields: set.clone() });
    let large = Unit { writes: large.collect(), ..unit("large", "d") };
    let units = [fifth("1"), fifth("2"), large, fifth("3"), fifth("4"), fifth("5"), fifth("6")];
    let answers = bench.at_once(units.into_iter().chain([fifth("7")])).await;
    assert_eq!(answers, [STORED; 8]);
    let commits = bench.commits();
    assert_eq!(created(&commits), [&["1", "2"][..], &["large"], &["3", "4", "5", "6"], &["7"]]);
    let sizes: Vec<_> = commits.iter().map(Commit::size).collect();
    assert!(
        sizes[1] > LIMITS.bytes && sizes.iter().filter(|size| **size > LIMITS.bytes).count() == 1
    );
}

#[tokio::test]
async fn a_unit_that_counts_on_another_s_gate_waits_for_the_next_commit() {
    let bench = Bench::new();
    let on_claim = Unit { writes: vec![add(log("claim"), 1)], ..unit("part", "d") };
    let units = [unit("claim", "d"), on_claim, unit("another", "d")];
    assert_eq!(bench.at_once(units).await, [STORED; 3]);
    assert_eq!(created(&bench.commits()), [&["claim", "another"][..], &["part"]]);
}

#[tokio::test]
async fn a_unit_whose_gate_another_counts_on_waits_for_the_next_commit() {
    let bench = Bench::new();
    let on_claim = Unit { writes: vec![add(log("claim"), 1)], ..unit("part", "d") };
    let units = [on_claim, unit("claim", "d"), unit("another", "d")];
    assert_eq!(bench.at_once(units).await, [STORED, CONFLICT, STORED]);
    assert_eq!(created(&bench.commits()), [&["part", "another"][..], &["claim"]]);
}

#[tokio::test]
async fn no_unit_overtakes_a_waiting_unit_of_its_gate() {
    let bench = Bench::new();
    let first = Unit { writes: vec![add(log("claim"), 1)], ..unit("1", "first") };
    let counts_on_it = Unit { writes: vec![add(log("1"), 1)], ..unit("2", "d") };
    let units = [unit("claim", "d"), first, unit("1", "second"), counts_on_it, unit("1", "first")];
    assert_eq!(bench.at_once(units).await, [STORED, STORED, CONFLICT, STORED, DUPLICATE]);
    assert_eq!(bench.digest("1").await.as_deref(), Some("first"));
}

#[tokio::test]
async fn units_of_one_gate_keep_their_order_of_arrival() {
    let bench = Bench::new();
    bench.store.hold();
    let mut ahead = bench.hand_over([unit("ahead", "d")]).await;
    bench.store.begun(1).await;
    let digests = ["c", "a", "b", "a", "c"];
    let rivals = bench.hand_over(digests.map(|digest| unit("1", digest))).await;
    bench.store.release();
    assert_eq!(ahead.remove(0).await, STORED);
    assert_eq!(join_all(rivals).await, [STORED, CONFLICT, CONFLICT, CONFLICT, DUPLICATE]);
    assert_eq!(bench.digest("1").await.as_deref(), Some("c"));
}

#[tokio::test(start_paused = true)]
async fn commits_that_write_one_document_start_an_interval_apart_and_the_first_at_once() {
    let interval = Duration::from_millis(250);
    let bench = Bench::with_interval(interval);
    let start = Instant::now();
    for n in 0..4 {
        assert_eq!(bench.commit(counted(&n.to_string(), "d", "hits")).await, STORED);
    }
    let began: Vec<_> = bench.commits().iter().map(|commit| commit.began - start).collect();
    assert!(began[0] < interval, "{began:?}");
    assert!(began.windows(2).all(|pair| pair[1] - pair[0] >= interval), "{began:?}");
    sleep(interval).await;
    let idle = Instant::now();
    bench.commit(counted("late", "d", "hits")).await.expect("it is stored");
    assert!(bench.commits()[4].began - idle < interval, "no wait after a pause");
}

#[tokio::test(start_paused = true)]
async fn the_halves_of_a_commit_start_an_interval_apart_too() {
    let interval = Duration::from_millis(250);
    let bench = Bench::with_interval(interval);
    let units = [counted("1", "d", "hits"), counted("2", "d", "hits"), bad("3"), bad("4")];
    bench.at_once(units.into_iter().chain(hits(1))).await;
    let commits = bench.commits();
    let written =
        commits.iter().filter(|commit| !commit.created().iter().any(|id| "34".contains(id)));
    let began: Vec<_> = written.map(|commit| commit.began).collect();
    assert_eq!(began.len(), 2);
    assert!(began[1] - began[0] >= interval, "both write the same counter");
}

#[tokio::test(start_paused = true)]
async fn after_a_fault_the_interval_starts_with_the_commit_that_wrote() {
    let interval = Duration::from_millis(250);
    let bench = Bench::with_interval(interval);
    bench.store.fail_commits([Fault::Passing; 5]);
    assert_eq!(bench.commit(counted("1", "d", "hits")).await, STORED);
    assert_eq!(bench.commit(counted("2", "d", "hits")).await, STORED);
    let commits = bench.commits();
    assert!(commits[6].began - commits[5].began >= interval);
}

#[tokio::test(start_paused = true)]
async fn the_commit_after_one_that_wrote_nothing_starts_at_once() {
    let bench = Bench::with_interval(Duration::from_secs(1));
    assert_eq!(bench.commit(counted("1", "d", "hits")).await, STORED);
    sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    assert_eq!(
        bench.at_once([counted("1", "d", "hits"), counted("2", "d", "hits")]).await,
        [DUPLICATE, STORED]
    );
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_commit_starts_when_the_one_before_has_ended() {
    let bench = Bench::new();
    bench.store.hold();
    let mut first = bench.hand_over(hits(1)).await;
    bench.store.begun(1).await;
    let others = bench.hand_over(hits(2 * LIMITS.units)).await;
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(bench.commits().len(), 1, "the paused clock moves only when all tasks wait");
    bench.store.release();
    assert_eq!(first.remove(0).await, STORED);
    join_all(others).await;
    assert!(bench.commits().len() > 2 && bench.commits().iter().all(|commit| commit.others == 0));
}

#[tokio::test]
async fn a_dropped_call_neither_loses_nor_doubles_its_unit() {
    let bench = Bench::new();
    bench.store.hold();
    let in_commit = bench.hand_over([counted("1", "d", "hits")]).await;
    bench.store.begun(1).await;
    let in_line = bench.hand_over([counted("2", "d", "hits"), counted("3", "d", "hits")]).await;
    drop((in_commit, in_line));
    bench.store.release();
    let again = ["1", "2", "3"].map(|id| counted(id, "d", "hits"));
    assert_eq!(bench.at_once(again).await, [DUPLICATE; 3]);
    assert_eq!(bench.count("hits").await, Some(3));
}

#[tokio::test]
async fn without_handles_a_committer_stores_what_waits_and_ends() {
    let Bench { store, committer } = Bench::new();
    store.hold();
    let last = committer.clone();
    let waiting = tokio::spawn(async move { last.commit(unit("1", "d")).await });
    store.begun(1).await;
    drop(committer);
    store.release();
    assert_eq!(waiting.await.expect("no panic").expect("an answer"), RecordOutcome::Stored);
    while Arc::strong_count(&store) > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn no_more_units_wait_than_the_line_holds() {
    let bench = Bench::new();
    bench.store.hold();
    let mut pending = bench.hand_over(hits(3 * WAITING)).await;
    bench.store.begun(1).await;
    // Senders for whom there is room now get in at once.
    for waiting in &mut pending {
        assert!(unconstrained(async { poll!(waiting) }).await.is_pending());
    }
    drop(pending);
    bench.store.release();
    bench.commit(unit("last", "d")).await.expect("it is stored");
    let taken = bench.store.all(logs()).await.len() - 1;
    let in_commit = bench.commits()[0].created().len();
    assert!((WAITING..=WAITING + in_commit + 1).contains(&taken), "{taken}");
}

/// Deliveries of records: number, content, and whether the caller stays for the answer; how many
/// come at once; and the faults meanwhile.
#[derive(Clone, Debug)]
struct Flood {
    deliveries: Vec<(usize, usize, bool)>,
    at_once: usize,
    pause: Duration,
    limits: CommitLimits,
    commit_faults: Vec<Fault>,
    read_faults: Vec<Fault>,
}

fn flood(contents: usize) -> impl Strategy<Value = Flood> {
    let deliveries = vec((0..8_usize, 0..contents, any::<bool>()), 1..40);
    let passing = [Fault::None, Fault::Passing, Fault::Ambiguous, Fault::Contention];
    let of_commits = select([&passing[..], &[Fault::Deployment]].concat());
    let of_reads = select(vec![Fault::None, Fault::Passing, Fault::Deployment]);
    let faults = (vec(of_commits, 0..20), vec(of_reads, 0..20));
    let limits = select(vec![LIMITS, MANY_AT_ONCE]);
    let pause = (0..600_u64).prop_map(Duration::from_millis);
    (deliveries, 1..15_usize, pause, limits, faults).prop_map(
        |(deliveries, at_once, pause, limits, (commit_faults, read_faults))| Flood {
            deliveries,
            at_once,
            pause,
            limits,
            commit_faults,
            read_faults,
        },
    )
}

/// A record that shares counters with some of the others; its content decides what it adds.
fn record(number: usize, content: usize) -> Unit {
    let visitor = Write::Upsert {
        path: counter(&format!("visitor {}", number % 2)),
        fields: fields([("day", "2025-05-01".into())]).into(),
    };
    let counts =
        [number % 3, 3 + number % 4].map(|n| add(counter(&n.to_string()), 1 + content as i64));
    let writes = counts.into_iter().chain([visitor]).collect();
    Unit { writes, ..unit(&number.to_string(), &format!("content {content}")) }
}

/// Delivers as the broker does: again after a failure or a dropped call. Returns all answers but
/// failures.
async fn deliver(bench: &Bench, flood: Flood) -> Vec<(usize, usize, RecordOutcome)> {
    bench.store.fail_commits(flood.commit_faults);
    bench.store.fail_reads(flood.read_faults);
    let mut answers = Vec::new();
    for group in flood.deliveries.chunks(flood.at_once) {
        let units = group.iter().map(|&(number, content, _)| record(number, content));
        let pending = bench.hand_over(units).await.into_iter().zip(group);
        let stay = pending.filter(|(_, (_, _, stays))| *stays);
        let stay = stay.map(|(answer, &(n, content, _))| async move { (n, content, answer.await) });
        let (answered, ()) = join(join_all(stay), sleep(flood.pause)).await;
        answers.extend(answered);
    }
    bench.store.fail_commits([]);
    bench.store.fail_reads([]);
    for (number, content, _) in flood.deliveries {
        answers.push((number, content, bench.commit(record(number, content)).await));
    }
    answers
        .into_iter()
        .filter_map(|(n, content, answer)| Some((n, content, answer.ok()?)))
        .collect()
}

/// What a store holds after each of these records was stored once, one after the other.
async fn each_once(records: &BTreeMap<usize, usize>) -> [Vec<Document>; 2] {
    let bench = Bench::new();
    for (number, content) in records {
        let Unit { gate, fields, writes } = record(*number, *content);
        let create = Write::Create { path: gate, fields };
        let writes = std::iter::once(create).chain(writes).collect();
        bench.store.commit(writes).await.expect("it is stored");
    }
    bench.documents().await
}

fn in_paused_time<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_repetition_and_fault_stores_what_each_record_once_stores(flood in flood(1)) {
        in_paused_time(async {
            let records = flood.deliveries.iter().map(|&(number, content, _)| (number, content));
            let expected = each_once(&records.collect()).await;
            let bench = Bench::within(flood.limits);
            let answers = deliver(&bench, flood).await;
            prop_assert_eq!(bench.documents().await, expected);
            prop_assert!(answers.iter().all(|(_, _, outcome)| *outcome != RecordOutcome::Conflict));
            Ok(())
        })?;
    }

    #[test]
    fn of_conflicting_records_exactly_one_is_stored_and_counted(flood in flood(3)) {
        in_paused_time(async {
            let bench = Bench::within(flood.limits);
            let mut winners = BTreeMap::new();
            let answers = deliver(&bench, flood).await;
            for (number, content, outcome) in &answers {
                if *outcome != RecordOutcome::Conflict {
                    prop_assert_eq!(winners.insert(*number, *content).unwrap_or(*content), *content);
                }
            }
            for (number, content, outcome) in &answers {
                prop_assert_eq!(winners[number] != *content, *outcome == RecordOutcome::Conflict);
            }
            prop_assert_eq!(bench.documents().await, each_once(&winners).await);
            Ok(())
        })?;
    }
}
