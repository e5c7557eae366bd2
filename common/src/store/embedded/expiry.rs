//! Removes documents whose retention has ended, as Firestore does by its TTL policy.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::layout::{self, EXPIRE_AT};
use crate::store::StoreError;

/// Removes up to `most` documents of each table that expired before `now`, the oldest first.
pub(super) fn remove(
    db: &Connection,
    now: DateTime<Utc>,
    most: usize,
) -> Result<usize, StoreError> {
    let mut removed = 0;
    for table in layout::all().iter().filter(|layout| layout.expires()).map(|it| it.table) {
        let sql = format!(
            "DELETE FROM {table} WHERE rowid IN (
                SELECT rowid FROM {table} WHERE {EXPIRE_AT} < ? ORDER BY {EXPIRE_AT} LIMIT ?)"
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        removed += db.prepare_cached(&sql)?.execute(params![now.timestamp_micros(), most])?;
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::path::{Collection, CollectionPath};
    use crate::record::RecordId;
    use crate::store::embedded::EmbeddedStore;
    use crate::store::{DocumentStore as _, Query, Write, fields};
    use crate::tenant::TenantId;

    use super::*;

    #[tokio::test]
    async fn only_what_has_expired_is_removed_the_oldest_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open(folder.path()).expect("a store");
        let tenant = TenantId::parse("acme").expect("a tenant");
        let events = CollectionPath::of(&tenant, Collection::Events);
        let now = Utc::now();
        let event = |id: &str, hours: Option<i64>| {
            let at = hours.map(|hours| now + TimeDelta::hours(hours));
            let path = events.record(&RecordId::parse(id).expect("an id"));
            let expiry = at.map(|at| ("expire_at".to_owned(), at.into()));
            let mut all = fields([("event_type", "view".into())]);
            all.extend(expiry);
            Write::Create { path, fields: all }
        };
        let left = async || {
            let found = store.query(&Query::all(events.clone())).await.expect("events");
            found.into_iter().map(|event| event.id).collect::<Vec<_>>()
        };
        let hours =
            [("a", Some(-1)), ("b", Some(-3)), ("c", Some(-2)), ("d", Some(1)), ("e", None)];
        let all = hours.map(|(id, hours)| event(id, hours));
        store.commit(all.to_vec()).await.expect("stored");
        assert_eq!(store.remove_expired(now, 2).await.expect("removed"), 2);
        assert_eq!(left().await, ["a", "d", "e"]);
        assert_eq!(store.remove_expired(now, 2).await.expect("removed"), 1);
        assert_eq!(store.remove_expired(now, 2).await.expect("removed"), 0);
        assert_eq!(left().await, ["d", "e"]);
    }
}
