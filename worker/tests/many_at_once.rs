//! Several commits at once, as on Firestore: no document is written by two of them, none more often
//! than the interval allows, and a tenant whose documents others write holds nobody else up.

mod faulty;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::path::{Collection, CollectionPath, DocumentPath};
use common::record::RecordId;
use common::store::{
    Aggregation, CommitLimits, Document, DocumentStore, Query, StoreError, Value, Write, fields,
};
use common::tenant::TenantId;
use futures::future::{join, join_all};
use futures::poll;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::runtime::Builder;
use tokio::task::unconstrained;
use tokio::time::{Instant, sleep};
use worker::committer::{Committer, Unit};
use worker::outcome::RecordOutcome;

use crate::faulty::{Commit, Fault, FaultyStore};

const INTERVAL: Duration = Duration::from_millis(250);
const LIMITS: CommitLimits =
    CommitLimits { at_once: 4, interval: INTERVAL, ..CommitLimits::ONE_AT_A_TIME };

type Pending<'a> = Pin<Box<dyn Future<Output = Option<RecordOutcome>> + 'a>>;

struct Bench {
    store: Arc<FaultyStore>,
    committer: Committer,
}

impl Bench {
    fn new() -> Self {
        let store = FaultyStore::new();
        let committer = Committer::start(Arc::clone(&store) as Arc<dyn DocumentStore>, LIMITS);
        Self { store, committer }
    }

    async fn commit(&self, unit: Unit) -> Option<RecordOutcome> {
        self.committer.commit(unit).await.ok()
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

    async fn count(&self, tenant: &str, name: &str) -> Option<i64> {
        self.store.find(counter(tenant, name)).await?.integer("count")
    }

    /// The commits that should write this document.
    fn commits_of(&self, path: &DocumentPath) -> Vec<Commit> {
        let writes = |commit: &Commit| commit.writes.iter().any(|write| write.path() == path);
        self.store.commits().into_iter().filter(writes).collect()
    }
}

fn of(tenant: &str, collection: Collection) -> CollectionPath {
    CollectionPath::of(&TenantId::parse(tenant).expect("a tenant"), collection)
}

fn counter(tenant: &str, name: &str) -> DocumentPath {
    of(tenant, Collection::Rollups).hashed(&[name])
}

fn gate(tenant: &str, id: &str) -> DocumentPath {
    of(tenant, Collection::Events).record(&RecordId::parse(id).expect("an id"))
}

/// A record that these counters count.
fn unit(tenant: &str, id: &str, counters: &[&str]) -> Unit {
    let add = |name: &&str| Write::Increment {
        path: counter(tenant, name),
        fields: fields([("value", (*name).into())]).into(),
        by: [("count".into(), 1)].into(),
    };
    Unit {
        gate: gate(tenant, id),
        fields: fields([("digest", "d".into())]),
        writes: counters.iter().map(add).collect(),
    }
}

const STORED: Option<RecordOutcome> = Some(RecordOutcome::Stored);

#[tokio::test(start_paused = true)]
async fn what_counts_nowhere_does_not_wait_for_a_document_that_rests() {
    let bench = Bench::new();
    assert_eq!(bench.commit(unit("acme", "1", &["day"])).await, STORED);
    let start = Instant::now();
    let text = async { (bench.commit(unit("acme", "text", &[])).await, start.elapsed()) };
    let view = async { (bench.commit(unit("acme", "2", &["day"])).await, start.elapsed()) };
    let ((text, at_once), (view, later)) = join(text, view).await;
    assert_eq!((text, view), (STORED, STORED));
    assert!(at_once < INTERVAL / 2 && later >= INTERVAL / 2, "{at_once:?} {later:?}");
}

#[tokio::test(start_paused = true)]
async fn what_comes_while_a_document_rests_is_one_commit() {
    let bench = Bench::new();
    assert_eq!(bench.commit(unit("acme", "first", &["day"])).await, STORED);
    let records = (0..20).map(|n| {
        let bench = &bench;
        async move {
            sleep(Duration::from_millis(10 * n)).await;
            bench.commit(unit("acme", &n.to_string(), &["day"])).await
        }
    });
    assert_eq!(join_all(records).await, [STORED; 20]);
    assert_eq!(bench.commits_of(&counter("acme", "day")).len(), 2);
    assert_eq!(bench.count("acme", "day").await, Some(21));
}

#[tokio::test(start_paused = true)]
async fn commits_of_different_documents_run_at_once_and_those_of_one_do_not() {
    let bench = Bench::new();
    bench.store.hold();
    let first = bench.hand_over([unit("acme", "1", &["day"])]).await;
    bench.store.begun(1).await;
    let same = bench.hand_over([unit("acme", "2", &["day"])]).await;
    sleep(Duration::from_secs(3_600)).await;
    assert_eq!(bench.store.commits().len(), 1, "the paused clock moves only when all tasks wait");
    let other = bench.hand_over([unit("other", "1", &["day"])]).await;
    bench.store.begun(2).await;
    assert_eq!(bench.store.commits()[1].others, 1);
    bench.store.release();
    let all = first.into_iter().chain(same).chain(other);
    assert_eq!(join_all(all).await, [STORED; 3]);
}

#[tokio::test(start_paused = true)]
async fn no_more_commits_run_at_once_than_the_store_takes() {
    let bench = Bench::new();
    bench.store.hold();
    let mut pending = Vec::new();
    for n in 0..10 {
        pending.extend(bench.hand_over([unit(&format!("t{n}"), "1", &["day"])]).await);
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(bench.store.commits().len(), LIMITS.at_once);
    bench.store.release();
    assert_eq!(join_all(pending).await, [STORED; 10]);
    assert_eq!(bench.store.commits().len(), LIMITS.at_once + 1, "the others went together");
}

#[tokio::test(start_paused = true)]
async fn a_known_record_is_answered_while_a_commit_is_under_way() {
    let bench = Bench::new();
    assert_eq!(bench.commit(unit("acme", "1", &["day"])).await, STORED);
    bench.store.hold();
    let pending = bench.hand_over([unit("other", "2", &["day"])]).await;
    bench.store.begun(2).await;
    assert_eq!(bench.commit(unit("acme", "1", &["day"])).await, Some(RecordOutcome::Duplicate));
    bench.store.release();
    assert_eq!(join_all(pending).await, [STORED]);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_whose_documents_others_write_holds_no_other_tenant_up() {
    let bench = Bench::new();
    bench.store.contend_for(Some(counter("busy", "day")));
    let calm = (0..5).map(|n| unit(&format!("calm-{n}"), "1", &["day"]));
    let units: Vec<_> = [unit("busy", "1", &["day"])].into_iter().chain(calm).collect();
    let mut pending = bench.hand_over(units).await;
    let busy = pending.remove(0);
    assert_eq!(join_all(pending).await, [STORED; 5]);
    let sizes: Vec<_> = bench.store.commits().iter().map(created).collect();
    assert_eq!(sizes[..2], [6, 6], "one contention may pass: they go together twice");
    assert!(sizes[2..].iter().all(|size| *size == 1), "then each goes alone: {sizes:?}");
    for n in 0..5 {
        let again = bench.commit(unit(&format!("calm-{n}"), "2", &["day"])).await;
        assert_eq!(again, STORED, "a contended tenant holds no slot");
    }
    bench.store.contend_for(None);
    assert_eq!(busy.await, STORED);
    assert_eq!(bench.count("busy", "day").await, Some(1));
}

fn created(commit: &Commit) -> usize {
    commit.created().len()
}

#[tokio::test(start_paused = true)]
async fn the_interval_doubles_while_others_write_the_same_documents_and_recovers() {
    let bench = Bench::new();
    bench.store.fail_commits([Fault::Contention; 3]);
    for n in 0..60 {
        assert_eq!(bench.commit(unit("acme", &n.to_string(), &["day"])).await, STORED);
    }
    let began: Vec<_> = bench.store.commits().iter().map(|commit| commit.began).collect();
    let gaps: Vec<_> = began.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[..3].iter().all(|gap| *gap >= INTERVAL), "{gaps:?}");
    assert!(gaps[3] > 3 * INTERVAL && gaps[3] <= Duration::from_secs(2), "{gaps:?}");
    assert!(gaps[4..].windows(2).all(|pair| pair[1] <= pair[0] + INTERVAL / 25), "{gaps:?}");
    assert!(*gaps.last().expect("a gap") < INTERVAL + INTERVAL / 25, "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_commit_adds_to_no_more_fields_of_a_document_than_the_store_takes() {
    let limits = CommitLimits { transforms: 3, ..LIMITS };
    let store = FaultyStore::new();
    let committer = Committer::start(Arc::clone(&store) as Arc<dyn DocumentStore>, limits);
    let bench = Bench { store, committer };
    let units = (0..5).map(|n| Unit {
        writes: vec![Write::Increment {
            path: counter("acme", "day"),
            fields: fields([]).into(),
            by: [(format!("field-{n}").into(), 1)].into(),
        }],
        ..unit("acme", &n.to_string(), &[])
    });
    assert_eq!(join_all(bench.hand_over(units).await).await, [STORED; 5]);
    let sizes: Vec<_> = bench.store.commits().iter().map(created).collect();
    assert_eq!(sizes, [3, 2]);
}

/// A store that remembers where the texts are that it is asked to write.
#[derive(Default)]
struct Addresses(Mutex<HashSet<usize>>);

#[async_trait]
impl DocumentStore for Addresses {
    async fn commit(&self, _: Vec<Write>) -> Result<(), StoreError> {
        Err(StoreError::Invalid("the committer keeps the writes".into()))
    }

    async fn commit_shared(&self, writes: Arc<Vec<Write>>) -> Result<(), StoreError> {
        self.0.lock().expect("no test panics here").extend(writes.iter().flat_map(addresses));
        Ok(())
    }

    fn commit_limits(&self) -> CommitLimits {
        LIMITS
    }

    async fn get_many(&self, _: &[DocumentPath]) -> Result<Vec<Option<Document>>, StoreError> {
        Ok(Vec::new())
    }

    async fn query(&self, _: &Query) -> Result<Vec<Document>, StoreError> {
        Ok(Vec::new())
    }

    async fn aggregate(&self, _: &Query, _: &[Aggregation]) -> Result<Vec<i64>, StoreError> {
        Ok(Vec::new())
    }

    async fn tenants(&self, _: usize) -> Result<Vec<TenantId>, StoreError> {
        Ok(Vec::new())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Where the id, the names and the texts of a write are in memory.
fn addresses(write: &Write) -> Vec<usize> {
    let fields = match write {
        Write::Create { fields, .. } => fields,
        Write::Upsert { fields, .. } | Write::Increment { fields, .. } => &**fields,
        _ => return Vec::new(),
    };
    let names = fields.keys().map(|name| name.as_ptr().addr());
    let texts = fields.values().filter_map(Value::as_text).map(|text| text.as_ptr().addr());
    names.chain(texts).chain([write.path().id().as_ptr().addr()]).collect()
}

#[tokio::test]
async fn nothing_of_a_unit_is_copied_on_its_way_to_the_store() {
    let store = Arc::new(Addresses::default());
    let committer = Committer::start(Arc::clone(&store) as Arc<dyn DocumentStore>, LIMITS);
    let mut unit = unit("acme", "1", &["day", "page"]);
    let visit = fields([("day", "2025-05-01".into())]).into();
    unit.writes.push(Write::Upsert { path: counter("acme", "user"), fields: visit });
    let create = Write::Create { path: unit.gate.clone(), fields: unit.fields };
    let handed_over: HashSet<_> =
        [&create].into_iter().chain(&unit.writes).flat_map(addresses).collect();
    let Write::Create { path: gate, fields } = create else { return };
    let unit = Unit { gate, fields, writes: unit.writes };
    assert_eq!(committer.commit(unit).await.ok(), STORED);
    assert_eq!(*store.0.lock().expect("no test panics here"), handed_over);
}

/// Records of some tenants: number, counters, and when they come.
#[derive(Clone, Debug)]
struct Flood {
    records: Vec<(usize, usize, u64)>,
    faults: Vec<Fault>,
}

const TENANTS: [&str; 3] = ["a", "b", "c"];
const COUNTERS: [&[&str]; 5] = [&["day", "x"], &["day", "y"], &["x"], &["y", "x"], &[]];

fn flood() -> impl Strategy<Value = Flood> {
    let fault = select(vec![Fault::None, Fault::Passing, Fault::Ambiguous, Fault::Contention]);
    let records = vec((0..40_usize, 0..COUNTERS.len(), 0..3_000_u64), 1..80);
    let faults = prop_oneof![Just(Vec::new()), vec(fault, 1..12)];
    (records, faults).prop_map(|(records, faults)| Flood { records, faults })
}

/// The record with this number; its tenant and its counters depend on the number alone.
fn record(number: usize, shape: usize) -> (&'static str, Unit) {
    let tenant = TENANTS[number % TENANTS.len()];
    (tenant, unit(tenant, &number.to_string(), COUNTERS[shape]))
}

/// No document is written more often than the interval allows, and never by two commits at once.
fn assert_rested(commits: &[Commit]) {
    let mut written: HashMap<&DocumentPath, Instant> = HashMap::new();
    for commit in commits {
        for write in commit.writes.iter().filter(|one| matches!(one, Write::Increment { .. })) {
            if let Some(before) = written.insert(write.path(), commit.began) {
                assert!(commit.began - before >= INTERVAL, "{:?}", commit.began - before);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_record_counts_once_whatever_fails_and_whenever_it_comes(flood in flood()) {
        let shapes: BTreeMap<_, _> = flood.records.iter().map(|one| (one.0, one.1)).collect();
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let bench = Bench::new();
            let has_faults = !flood.faults.is_empty();
            bench.store.fail_commits(flood.faults);
            let answers = flood.records.iter().map(|(number, _, at)| {
                let (bench, unit) = (&bench, record(*number, shapes[number]).1);
                async move {
                    sleep(Duration::from_millis(*at)).await;
                    bench.commit(unit).await
                }
            });
            let answers = join_all(answers).await;
            assert!(answers.iter().all(Option::is_some), "a passing fault passes: {answers:?}");
            let mut expected: BTreeMap<(&str, &str), i64> = BTreeMap::new();
            for (number, shape) in &shapes {
                for name in COUNTERS[*shape] {
                    *expected.entry((record(*number, *shape).0, name)).or_default() += 1;
                }
            }
            for ((tenant, name), count) in expected {
                prop_assert_eq!(bench.count(tenant, name).await, Some(count));
            }
            if !has_faults {
                assert_rested(&bench.store.commits());
            }
            Ok(())
        })?;
    }
}
