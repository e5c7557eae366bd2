//! A period takes whatever else is of its days.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use common::access_log::Entry;
use common::path::{Collection, CollectionPath};
use common::record::RecordId;
use common::rollup::{self, LogDimensions};
use common::store::embedded::EmbeddedStore;
use common::store::{DocumentStore as _, Fields, Query, Write, fields};

use super::drawn::{Drawn, period};
use super::removed;
use super::site::Site;

const EVENTS: usize = 400;

/// The events of the third day are stored until then; of the second, only their counts and visitors are.
#[tokio::test]
async fn what_retention_has_left_of_a_day_goes_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let (site, fresh) = (Site::of(&store, "acme"), Site::of(&store, "fresh"));
    let (second, third) = (period(1, 1), period(2, 2));
    for number in 0..EVENTS {
        let event = Drawn::numbered(number);
        site.store(number, &event, number as u32 % 3).await;
        let is_kept = !event.is_of(&second) && !event.is_of(&third);
        if is_kept {
            fresh.store(number, &event, 0).await;
        }
        if event.is_of(&second) {
            site.expire(number).await;
        }
    }
    removed(&store, &site.tenant, &period(1, 2)).await;
    assert_eq!(site.counts().await, fresh.counts().await);
}

/// Their documents are gone, and so nothing says what they were counted by.
#[tokio::test]
async fn expired_events_of_a_page_stay_in_the_sums() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let site = Site::of(&store, "acme");
    let event = Drawn::numbered(0);
    for number in 0..3 {
        site.store(number, &event, 0).await;
    }
    site.expire(0).await;
    let gone = removed(&store, &site.tenant, &super::drawn::page("/a")).await;
    assert_eq!(gone.documents["events"], 2);
    let sums = rollup::all(&store, &site.tenant).await.expect("read");
    assert_eq!(sums.values().copied().collect::<BTreeSet<_>>(), BTreeSet::from([1]));
}

fn at(day: u32, hour: u32) -> DateTime<Utc> {
    format!("2025-05-{day:02}T{hour:02}:00:00Z").parse().expect("a time")
}

/// Stores documents of a collection of records under these ids.
async fn store_all(site: &Site<'_>, collection: Collection, documents: &[(&str, Fields)]) {
    let collection = CollectionPath::of(&site.tenant, collection);
    let create = |(id, fields): &(&str, Fields)| Write::Create {
        path: collection.record(&RecordId::parse(id).expect("an id")),
        fields: fields.clone(),
    };
    site.store.commit(documents.iter().map(create).collect()).await.expect("stored");
}

async fn ids(site: &Site<'_>, collection: Collection) -> Vec<String> {
    site.documents(collection).await.into_keys().collect()
}

fn span(first: DateTime<Utc>, last: DateTime<Utc>, parts: i64) -> Fields {
    fields([
        ("first", first.into()),
        ("last", last.into()),
        ("parts", parts.into()),
        ("parts_done", parts.into()),
    ])
}

#[tokio::test]
async fn texts_and_batches_of_the_period_go_with_their_parts() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let site = Site::of(&store, "acme");
    let text =
        |day, parts: i64| fields([("received_at", at(day, 23).into()), ("parts", parts.into())]);
    let texts =
        [("before", text(1, 1)), ("in", text(2, 1)), ("long", text(2, 2)), ("after", text(3, 2))];
    store_all(&site, Collection::ProcessedLogs, &texts).await;
    let claim = |done: i64| fields([("parts", 2_i64.into()), ("parts_done", done.into())]);
    let batches = [
        ("in", span(at(2, 0), at(2, 23), 1)),
        ("begins-before", span(at(1, 23), at(2, 1), 1)),
        ("ends-after", span(at(2, 23), at(3, 0), 1)),
        ("parts-in", claim(2)),
        ("parts-out", claim(2)),
        ("in-work", claim(1)),
    ];
    store_all(&site, Collection::LogBatches, &batches).await;
    let part = |record: &str, collection, number, last| Write::Create {
        path: CollectionPath::of(&site.tenant, collection)
            .record(&RecordId::parse(record).expect("an id"))
            .part(number),
        fields: span(at(2, 1), last, 1),
    };
    let parts = vec![
        part("long", Collection::ProcessedLogs, 1, at(2, 2)),
        part("after", Collection::ProcessedLogs, 1, at(2, 2)),
        part("parts-in", Collection::LogBatches, 1, at(2, 2)),
        part("parts-in", Collection::LogBatches, 2, at(2, 3)),
        part("parts-out", Collection::LogBatches, 1, at(2, 2)),
        part("parts-out", Collection::LogBatches, 2, at(3, 3)),
        part("in-work", Collection::LogBatches, 1, at(2, 2)),
    ];
    store.commit(parts).await.expect("stored");
    let quarantined = |day| fields([("first_seen", at(day, 0).into())]);
    let collection = CollectionPath::of(&site.tenant, Collection::Quarantine);
    let messages = [1, 2, 3].map(|day| Write::Create {
        path: collection.hashed(&[day.to_string()]),
        fields: quarantined(day),
    });
    store.commit(messages.to_vec()).await.expect("stored");

    let gone = removed(&store, &site.tenant, &period(1, 1)).await;
    let counts = [("log_batches", 2), ("parts", 3), ("processed_logs", 2), ("quarantine", 1)];
    let expected = counts.map(|(collection, count)| (collection.to_owned(), count));
    assert_eq!(gone.documents, expected.into());
    assert_eq!(ids(&site, Collection::ProcessedLogs).await, ["after", "before"]);
    let left = ["begins-before", "ends-after", "in-work", "parts-out"];
    assert_eq!(ids(&site, Collection::LogBatches).await, left);
    assert_eq!(ids(&site, Collection::Quarantine).await.len(), 2);
    let after = CollectionPath::of(&site.tenant, Collection::ProcessedLogs);
    let parts = after.record(&RecordId::parse("after").expect("an id")).parts();
    assert_eq!(store.query(&Query::all(parts)).await.expect("read").len(), 1);
}

#[tokio::test]
async fn the_windows_of_access_logs_go_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let (site, fresh) = (Site::of(&store, "acme"), Site::of(&store, "fresh"));
    let entries = |days: &[u32]| -> Vec<Entry> {
        let times = days.iter().flat_map(|day| [0, 12, 23].map(|hour| at(*day, hour)));
        times.map(entry).collect()
    };
    for (site, days) in [(&site, &[1, 2, 3, 4][..]), (&fresh, &[1, 4])] {
        let writes = rollup::of_entries(&site.tenant, &entries(days), LogDimensions::ALL, 0);
        store.commit(writes).await.expect("stored");
    }
    removed(&store, &site.tenant, &period(1, 2)).await;
    assert_eq!(site.counts().await, fresh.counts().await);
}

fn entry(at: DateTime<Utc>) -> Entry {
    let (request, user_agent) = ("GET /a".to_owned(), "Firefox".to_owned());
    Entry { at, request, user_agent, status: Some(200), bytes: Some(5), ..Entry::default() }
}
