//! Commits: all or nothing, also when several run at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::store::patience::patiently;
use common::store::{DocumentStore, MAX_DOCUMENT_BYTES, Query, StoreError, Write, fields};
use futures::future::join_all;

use super::documents::{
    assert_changed, assert_exists, assert_invalid, commit, create, get, ids, increment, log, logs,
    number, select, upsert,
};

/// How long a store may be busy with one commit.
const LONGEST: Duration = Duration::from_secs(120);

/// All its fields are there.
pub async fn a_created_document_reads_back(store: &dyn DocumentStore) {
    let written = fields([("source", "json_upload".into()), ("characters", 7_i64.into())]);
    commit(store, vec![create(log("1"), written.clone())]).await;
    assert_eq!(get(store, log("1")).await, Some(written));
    assert_eq!(get(store, log("2")).await, None);
}

/// The gate: a duplicate changes nothing, wherever its create stands in the commit.
pub async fn a_second_create_is_refused_and_nothing_of_its_commit_is_applied(
    store: &dyn DocumentStore,
) {
    commit(store, vec![create(log("gate"), number(1)), create(log("old"), number(1))]).await;
    let others = || {
        vec![
            create(log("new"), number(2)),
            upsert(log("upserted"), number(2)),
            increment(log("old"), number(2), &[("count", 1)]),
            Write::Delete { path: log("gone") },
        ]
    };
    commit(store, vec![create(log("gone"), number(1))]).await;
    for position in 0..=others().len() {
        let mut writes = others();
        writes.insert(position, create(log("gate"), number(2)));
        assert_exists(&store.commit(writes).await);
    }
    assert_eq!(get(store, log("gate")).await, Some(number(1)));
    assert_eq!(get(store, log("old")).await, Some(number(1)));
    assert_eq!(ids(store, Query::all(logs())).await, ["gate", "gone", "old"]);
}

/// Creates, upserts, increments and deletes in one commit.
pub async fn a_commit_of_mixed_writes_applies_all_of_them(store: &dyn DocumentStore) {
    commit(store, vec![create(log("gone"), number(1)), create(log("old"), number(1))]).await;
    let writes = vec![
        create(log("new"), number(2)),
        upsert(log("upserted"), number(3)),
        increment(log("old"), number(4), &[("count", 5)]),
        Write::Delete { path: log("gone") },
    ];
    commit(store, writes).await;
    assert_eq!(ids(store, Query::all(logs())).await, ["new", "old", "upserted"]);
    let old = fields([("n", 4_i64.into()), ("count", 5_i64.into())]);
    assert_eq!(get(store, log("old")).await, Some(old));
}

/// It has nothing to write.
pub async fn an_empty_commit_succeeds(store: &dyn DocumentStore) {
    commit(store, Vec::new()).await;
}

/// A group commit may have more documents than Firestore's former limit of 500.
pub async fn a_commit_may_have_a_thousand_documents(store: &dyn DocumentStore) {
    let writes = (0..1_000).map(|n| create(log(&format!("{n:04}")), number(n))).collect();
    commit(store, writes).await;
    assert_eq!(ids(store, Query::all(logs())).await.len(), 1_000);
}

/// As many documents as the store says, and together as many bytes.
pub async fn a_commit_as_large_as_the_store_says_is_taken(store: &dyn DocumentStore) {
    let limits = store.commit_limits();
    let filling = "x".repeat(limits.bytes / limits.documents - 60);
    let text = || fields([("text", filling.as_str().into())]);
    let write = |n: usize| increment(log(&format!("{n:05}")), text(), &[("count", 1)]);
    let writes: Vec<_> = (0..limits.documents).map(write).collect();
    let bytes: usize = writes.iter().map(Write::size).sum();
    assert!(bytes <= limits.bytes && bytes > limits.bytes / 10 * 9, "{bytes}");
    // On a busy machine an emulator may need longer than a call may take, and it locks the documents until it
    // is done: passing faults, for callers to retry.
    let (writes, until) = (Arc::new(writes), Instant::now() + LONGEST);
    let commit = || patiently(|| store.commit_shared(Arc::clone(&writes)));
    let mut taken = commit().await;
    while taken.as_ref().is_err_and(StoreError::is_passing) && Instant::now() < until {
        taken = commit().await;
    }
    taken.expect("a commit that is in order");
    assert_eq!(ids(store, Query::all(logs()).select(&[])).await.len(), limits.documents);
}

/// The caller keeps them.
pub async fn shared_writes_can_be_sent_again(store: &dyn DocumentStore) {
    let writes = Arc::new(vec![increment(log("1"), number(7), &[("count", 2)])]);
    for _ in 0..2 {
        store.commit_shared(Arc::clone(&writes)).await.expect("it is applied");
    }
    let sum = fields([("n", 7_i64.into()), ("count", 4_i64.into())]);
    assert_eq!(get(store, log("1")).await, Some(sum));
}

/// Each named field is replaced as a whole, even a map; the others stay.
pub async fn an_upsert_merges_and_leaves_other_fields(store: &dyn DocumentStore) {
    let before = fields([
        ("kept", "a".into()),
        ("set", "b".into()),
        ("map", fields([("old", 1_i64.into())]).into()),
    ]);
    let set = fields([("set", "c".into()), ("map", fields([("new", 2_i64.into())]).into())]);
    commit(store, vec![create(log("1"), before)]).await;
    commit(store, vec![upsert(log("1"), set.clone())]).await;
    let mut after = set;
    after.insert("kept".to_owned(), "a".into());
    assert_eq!(get(store, log("1")).await, Some(after));
}

/// An upsert is idempotent, so the document may be missing.
pub async fn an_upsert_creates_a_missing_document_even_without_fields(store: &dyn DocumentStore) {
    let writes = vec![upsert(log("1"), number(1)), upsert(log("2"), fields([]))];
    commit(store, writes.clone()).await;
    commit(store, writes).await;
    assert_eq!(get(store, log("1")).await, Some(number(1)));
    assert_eq!(get(store, log("2")).await, Some(fields([])));
    commit(store, vec![upsert(log("1"), fields([]))]).await;
    assert_eq!(get(store, log("1")).await, Some(number(1)));
}

/// A missing document and a missing field count as zero.
pub async fn an_increment_starts_at_zero_and_adds_up(store: &dyn DocumentStore) {
    commit(store, vec![increment(log("1"), fields([]), &[("count", 3)])]).await;
    let more = [("count", 4), ("other", -2)];
    commit(store, vec![increment(log("1"), fields([]), &more)]).await;
    let counted = fields([("count", 7_i64.into()), ("other", (-2_i64).into())]);
    assert_eq!(get(store, log("1")).await, Some(counted));
}

/// A rollup document gets its dimension and its count in one write.
pub async fn an_increment_sets_fields_in_the_same_write(store: &dyn DocumentStore) {
    commit(store, vec![create(log("1"), fields([("kept", "a".into())]))]).await;
    for _ in 0..2 {
        let named = fields([("value", "/pricing".into())]);
        commit(store, vec![increment(log("1"), named, &[("count", 1)])]).await;
    }
    let counted =
        fields([("kept", "a".into()), ("value", "/pricing".into()), ("count", 2_i64.into())]);
    assert_eq!(get(store, log("1")).await, Some(counted));
}

/// A delete is idempotent.
pub async fn deleting_a_missing_document_succeeds(store: &dyn DocumentStore) {
    commit(store, vec![Write::Delete { path: log("1") }]).await;
    assert_eq!(get(store, log("1")).await, None);
}

/// It has none of its old fields.
pub async fn a_deleted_document_can_be_created_again(store: &dyn DocumentStore) {
    commit(store, vec![create(log("1"), fields([("old", 1_i64.into())]))]).await;
    commit(store, vec![Write::Delete { path: log("1") }]).await;
    commit(store, vec![create(log("1"), number(2))]).await;
    assert_eq!(get(store, log("1")).await, Some(number(2)));
}

/// The delete of a document as it was read, by a query that leaves out some of its fields.
async fn delete_found(store: &dyn DocumentStore, id: &str) -> Write {
    let all = select(store, Query::all(logs()).select(&["count"])).await;
    let found = all.into_iter().find(|document| document.id == id).expect("it is there");
    Write::DeleteFound { path: log(id), found }
}

/// Nothing else of its commit is applied either.
pub async fn a_document_is_deleted_as_it_was_found_and_not_after_a_change(
    store: &dyn DocumentStore,
) {
    let more = || increment(log("1"), number(1), &[("count", 1)]);
    commit(store, vec![more(), increment(log("2"), fields([]), &[("count", 5)])]).await;
    let old = delete_found(store, "1").await;
    commit(store, vec![more()]).await;
    let counted = increment(log("2"), fields([]), &[("count", -1)]);
    assert_changed(&store.commit(vec![counted.clone(), old]).await);
    assert_eq!(get(store, log("2")).await, Some(fields([("count", 5_i64.into())])));
    let as_it_is = delete_found(store, "1").await;
    commit(store, vec![as_it_is, counted]).await;
    assert_eq!(get(store, log("1")).await, None);
    assert_eq!(get(store, log("2")).await, Some(fields([("count", 4_i64.into())])));
}

/// So what counts it is decremented once.
pub async fn a_document_that_is_gone_is_not_deleted_as_it_was_found(store: &dyn DocumentStore) {
    commit(store, vec![create(log("1"), fields([("count", 1_i64.into())]))]).await;
    let found = delete_found(store, "1").await;
    let counted = || increment(log("2"), fields([]), &[("count", -1)]);
    commit(store, vec![found.clone(), counted()]).await;
    assert_changed(&store.commit(vec![found, counted()]).await);
    assert_eq!(get(store, log("2")).await, Some(fields([("count", (-1_i64).into())])));
}

/// In whatever order they come: no increment is lost.
pub async fn of_a_delete_as_found_and_an_increment_one_sees_the_other(store: &dyn DocumentStore) {
    let more = || vec![increment(log("1"), fields([]), &[("count", 1)])];
    for _ in 0..5 {
        commit(store, vec![create(log("1"), fields([("count", 7_i64.into())]))]).await;
        let delete = vec![delete_found(store, "1").await];
        let (deleted, incremented) = futures::join!(store.commit(delete), store.commit(more()));
        incremented.expect("an increment has no condition");
        let left = if deleted.is_ok() { 1 } else { 8 };
        assert_eq!(get(store, log("1")).await, Some(fields([("count", i64::from(left).into())])));
        commit(store, vec![Write::Delete { path: log("1") }]).await;
    }
}

/// The result would depend on the order of the writes.
pub async fn a_document_named_twice_is_invalid_and_nothing_is_applied(store: &dyn DocumentStore) {
    let twice = [
        [create(log("1"), number(1)), create(log("1"), number(1))],
        [upsert(log("1"), number(1)), upsert(log("1"), number(2))],
        [create(log("1"), number(1)), increment(log("1"), number(1), &[("n", 1)])],
    ];
    for writes in twice {
        let [first, second] = writes;
        let outcome = store.commit(vec![first, create(log("2"), number(2)), second]).await;
        assert_invalid(&outcome);
    }
    assert_eq!(ids(store, Query::all(logs())).await.len(), 0);
}

/// The limit holds for every kind of write; a document just below it is stored.
pub async fn a_document_over_1_mib_is_invalid_and_nothing_is_applied(store: &dyn DocumentStore) {
    let text = |bytes: usize| fields([("text", "x".repeat(bytes).into())]);
    let too_large = [
        create(log("1"), text(MAX_DOCUMENT_BYTES)),
        upsert(log("1"), text(MAX_DOCUMENT_BYTES)),
        increment(log("1"), text(MAX_DOCUMENT_BYTES), &[("n", 1)]),
    ];
    for large in too_large {
        let outcome = store.commit(vec![create(log("2"), number(2)), large]).await;
        assert_invalid(&outcome);
    }
    assert_eq!(ids(store, Query::all(logs())).await.len(), 0);
    commit(store, vec![create(log("1"), text(MAX_DOCUMENT_BYTES - 1_024))]).await;
}

/// Path, fields and increments all count.
pub async fn each_kind_of_write_is_invalid_one_byte_over_the_limit(store: &dyn DocumentStore) {
    let each_kind = |bytes: usize| {
        let text = fields([("text", "x".repeat(bytes).into())]);
        [
            create(log("1"), text.clone()),
            upsert(log("1"), text.clone()),
            increment(log("1"), text, &[("n", 1)]),
        ]
    };
    for (kind, smallest) in each_kind(0).iter().enumerate() {
        let large = each_kind(MAX_DOCUMENT_BYTES - smallest.size() + 1)[kind].clone();
        assert_eq!(large.size(), MAX_DOCUMENT_BYTES + 1);
        assert_invalid(&store.commit(vec![create(log("2"), number(2)), large]).await);
    }
    assert_eq!(ids(store, Query::all(logs())).await.len(), 0);
}

/// The gate decides this race.
pub async fn of_concurrent_creates_of_one_document_exactly_one_wins(store: &dyn DocumentStore) {
    let creates = (0..10).map(|n| store.commit(vec![create(log("1"), number(n))]));
    let outcomes = join_all(creates).await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.iter().enumerate().partition(|(_, o)| o.is_ok());
    assert_eq!(won.len(), 1, "{outcomes:?}");
    lost.iter().for_each(|(_, outcome)| assert_exists(outcome));
    let winner = i64::try_from(won[0].0).expect("a small number");
    assert_eq!(get(store, log("1")).await, Some(number(winner)));
}

/// None of them is lost.
pub async fn concurrent_increments_all_count(store: &dyn DocumentStore) {
    let increments =
        (0..20).map(|n| store.commit(vec![increment(log("1"), fields([]), &[("count", n)])]));
    for outcome in join_all(increments).await {
        outcome.expect("increments do not conflict");
    }
    let counted = fields([("count", 190_i64.into())]);
    assert_eq!(get(store, log("1")).await, Some(counted));
}

/// Ten records are delivered twice at the same time: ten are counted.
pub async fn concurrent_commits_with_a_gate_and_a_count_apply_both_or_none(
    store: &dyn DocumentStore,
) {
    let deliveries = (0..20).map(|n| {
        let gate = create(log(&format!("gate-{}", n % 10)), number(n));
        store.commit(vec![gate, increment(log("rollup"), fields([]), &[("count", 1)])])
    });
    let outcomes = join_all(deliveries).await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.iter().partition(|outcome| outcome.is_ok());
    lost.into_iter().for_each(assert_exists);
    assert_eq!(won.len(), 10);
    let counted = fields([("count", 10_i64.into())]);
    assert_eq!(get(store, log("rollup")).await, Some(counted));
}
