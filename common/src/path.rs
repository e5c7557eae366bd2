//! The paths of documents. Paths are built nowhere else, and every segment has a type whose values
//! cannot escape their tenant.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::sync::{Arc, LazyLock};

use chrono::NaiveDate;

use crate::record::RecordId;
use crate::tenant::TenantId;

/// The collections of a tenant, below `tenants/{tenant_id}/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Events on sites, by event id.
    Events,
    /// Batches of access-log entries, by batch id.
    LogBatches,
    /// Redacted text logs, by log id.
    ProcessedLogs,
    /// Messages that could not be processed, with the reason.
    Quarantine,
    /// Counts by grain, start, dimension and value.
    Rollups,
    /// The salts of visitors' ids, by day.
    Salts,
    /// What the owner of the tenant's site has set, in one document.
    Settings,
    /// One document for each user and day.
    Visitors,
    /// What was derived of the visits of a day.
    Visits,
}

impl Collection {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Events,
        Self::LogBatches,
        Self::ProcessedLogs,
        Self::Quarantine,
        Self::Rollups,
        Self::Salts,
        Self::Settings,
        Self::Visitors,
        Self::Visits,
    ];

    /// The collection's id in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::LogBatches => "log_batches",
            Self::ProcessedLogs => "processed_logs",
            Self::Quarantine => "quarantine",
            Self::Rollups => "rollups",
            Self::Salts => "salts",
            Self::Settings => "settings",
            Self::Visitors => "visitors",
            Self::Visits => "visits",
        }
    }
}

/// The collection that holds everything that tenants have.
pub(crate) const TENANTS: &str = "tenants";

/// The id of every collection of parts.
pub const PARTS: &str = "parts";

/// The path of a collection, such as `tenants/acme/processed_logs`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionPath(Arc<str>);

/// The path of a document, such as `tenants/acme/processed_logs/123`. Copies share their text. It brings
/// its hash with it, because the worker looks for each path in one map after the other.
#[derive(Clone)]
pub struct DocumentPath {
    collection: CollectionPath,
    id: Arc<str>,
    hash: u64,
}

/// What the hashes of paths begin with: chosen anew by each process, so that no client can send ids whose
/// hashes are equal.
static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl CollectionPath {
    /// A tenant's collection.
    pub fn of(tenant: &TenantId, collection: Collection) -> Self {
        Self([TENANTS, "/", tenant.as_str(), "/", collection.as_str()].concat().into())
    }

    /// The quarantine of messages without a valid tenant: `quarantine`, outside every tenant.
    pub fn stray() -> Self {
        Self(Collection::Quarantine.as_str().into())
    }

    /// The salts of all visitors' ids: `salts`, outside every tenant.
    pub fn salts() -> Self {
        Self(Collection::Salts.as_str().into())
    }

    /// The settings of a tenant's site: `tenants/{tenant_id}/settings/site`. A store has documents
    /// only in collections, and a path of three segments is a collection's, so the one document in
    /// it needs an id of its own.
    pub fn site(tenant: &TenantId) -> DocumentPath {
        Self::of(tenant, Collection::Settings).document("site".to_owned())
    }

    /// The document of a day: `…/2025-05-01`.
    pub fn day(&self, day: NaiveDate) -> DocumentPath {
        self.document(day.format("%Y-%m-%d").to_string())
    }

    /// The document of a record.
    pub fn record(&self, id: &RecordId) -> DocumentPath {
        self.document(id.as_str().to_owned())
    }

    /// The document whose id is the hash of `fields`.
    pub fn hashed<F: AsRef<[u8]>>(&self, fields: &[F]) -> DocumentPath {
        self.document(crate::hash::of_fields(fields))
    }

    /// The collection's id, without its parents: one of [`Collection`], or [`PARTS`].
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The whole path, segments joined with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The collection with a path that was read from the store, and so was built by this module.
    #[cfg(feature = "embedded")]
    pub(crate) fn stored(path: String) -> Self {
        Self(path.into())
    }

    /// The document with an id that was read from the store, and so was built by this module.
    pub(crate) fn document(&self, id: String) -> DocumentPath {
        let hash = SEED.hash_one((self, &id));
        DocumentPath { collection: self.clone(), id: id.into(), hash }
    }
}

impl DocumentPath {
    /// The collection of the document's parts.
    pub fn parts(&self) -> CollectionPath {
        CollectionPath(format!("{self}/{PARTS}").into())
    }

    /// One part of the document: `…/parts/0001`. Ids have at least four digits, so that the parts
    /// of any record within the size limits are in order.
    pub fn part(&self, number: u32) -> DocumentPath {
        self.parts().document(format!("{number:04}"))
    }

    /// The collection that holds the document.
    pub fn collection(&self) -> &CollectionPath {
        &self.collection
    }

    /// The document's id in its collection.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name of the tenant that the document belongs to; `None` for one outside every tenant.
    pub fn tenant(&self) -> Option<&str> {
        let mut segments = self.collection.0.split('/');
        (segments.next()? == TENANTS).then(|| segments.next())?
    }

    /// The length of the whole path in bytes.
    pub fn size(&self) -> usize {
        self.collection.0.len() + 1 + self.id.len()
    }
}

impl PartialEq for DocumentPath {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.id == other.id && self.collection == other.collection
    }
}

impl Eq for DocumentPath {}

impl Hash for DocumentPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Ord for DocumentPath {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.collection, &self.id).cmp(&(&other.collection, &other.id))
    }
}

impl PartialOrd for DocumentPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for CollectionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DocumentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collection, self.id)
    }
}

impl fmt::Debug for DocumentPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DocumentPath({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(tenant: &str, log_id: &str) -> Option<String> {
        let tenant = TenantId::parse(tenant).ok()?;
        let id = RecordId::parse(log_id).ok()?;
        Some(CollectionPath::of(&tenant, Collection::ProcessedLogs).record(&id).to_string())
    }

    #[test]
    fn the_path_of_a_log_begins_with_its_tenant() {
        assert_eq!(path("acme", "123").as_deref(), Some("tenants/acme/processed_logs/123"));
    }

    #[test]
    fn a_path_knows_its_tenant_and_its_length() {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let id = RecordId::parse("123").expect("an id");
        let log = CollectionPath::of(&tenant, Collection::ProcessedLogs).record(&id);
        for path in [log.part(1), log, CollectionPath::stray().record(&id)] {
            let named = path.to_string().starts_with("tenants/acme/").then_some("acme");
            assert_eq!((path.tenant(), path.size()), (named, path.to_string().len()));
        }
    }

    #[test]
    fn equal_paths_have_one_hash_and_are_in_the_order_of_their_texts() {
        let logs = |tenant| {
            let tenant = TenantId::parse(tenant).expect("a tenant");
            CollectionPath::of(&tenant, Collection::ProcessedLogs)
        };
        let path = |tenant, id: &str| logs(tenant).document(id.to_owned());
        assert_eq!(SEED.hash_one(path("acme", "1")), SEED.hash_one(path("acme", "1")));
        assert_eq!(path("acme", "1"), path("acme", "1"));
        assert_ne!(path("acme", "1"), path("axon", "1"));
        assert!(path("acme", "1") < path("acme", "2") && path("acme", "2") < path("axon", "1"));
    }

    proptest! {
        #[test]
        fn no_input_escapes_its_tenant(tenant in hostile(), log_id in hostile()) {
            if let Some(path) = path(&tenant, &log_id) {
                let segments: Vec<_> = path.split('/').collect();
                prop_assert_eq!(segments, ["tenants", &tenant, "processed_logs", &log_id]);
                prop_assert!(!path.contains("//") && !path.contains('\0') && path.is_ascii());
                prop_assert!(!path.split('/').any(|s| s == "." || s == ".." || s.starts_with("__")));
            }
        }

        #[test]
        fn different_names_have_different_paths(
            a in (plain(), plain()), b in (plain(), plain())
        ) {
            prop_assume!(a != b);
            prop_assert_ne!(path(&a.0, &a.1), path(&b.0, &b.1));
        }
    }

    fn plain() -> impl Strategy<Value = String> {
        "[a-z0-9][a-z0-9.-]{0,3}"
    }

    fn hostile() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9._:/-]{0,12}",
            "(\\.\\.|/|%2e|%2f|\\\\|__|\0|\u{202e}|a|9){0,6}",
            ".{0,8}",
            "[a-z0-9]{120,135}",
        ]
    }
}
