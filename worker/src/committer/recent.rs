//! Remembers what was in the store a moment ago, so that it is not read or written again: a storm
//! of redeliveries costs no commits, and a user's tenth view costs no write for the user.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use common::path::DocumentPath;
use common::path_map::PathMap;
use common::store::{Fields, Write};
use tokio::time::Instant;

/// How long a document is remembered. Short, so that a record whose document an operator removes
/// can soon be stored again.
const MEMORY: Duration = Duration::from_secs(60);
/// Most gates, and most upserts, that are remembered: some 10 MB each.
const MOST: usize = 32_768;

/// What the store was known to hold a moment ago.
#[derive(Default)]
pub(super) struct Recent {
    /// Gates, with their digests.
    gates: Memory<Option<String>>,
    /// Upserted documents, with the fields that were set.
    upserts: Memory<Arc<Fields>>,
}

impl Recent {
    /// Remembers that the store holds the gate with `digest`.
    pub(super) fn remember_gate(&mut self, gate: DocumentPath, digest: Option<String>) {
        self.gates.remember(gate, digest);
    }

    /// Remembers the write if it is an upsert.
    pub(super) fn remember_upsert(&mut self, write: Write) {
        if let Write::Upsert { path, fields } = write {
            self.upserts.remember(path, fields);
        }
    }

    /// The digest of a remembered gate.
    pub(super) fn digest(&self, gate: &DocumentPath) -> Option<Option<&str>> {
        self.gates.known.get(gate).map(Option::as_deref)
    }

    /// Forgets a gate that somebody has removed from the store.
    pub(super) fn forget_gate(&mut self, gate: &DocumentPath) {
        self.gates.known.remove(gate);
    }

    /// Whether `write` would change nothing.
    pub(super) fn makes_redundant(&self, write: &Write) -> bool {
        let Write::Upsert { path, fields } = write else { return false };
        self.upserts.known.get(path) == Some(fields)
    }

    /// Drops documents that are too old, and the oldest ones if there are too many.
    pub(super) fn forget(&mut self) {
        self.gates.forget();
        self.upserts.forget();
    }
}

/// Documents that are remembered for a while.
struct Memory<V> {
    known: PathMap<V>,
    order: VecDeque<(Instant, DocumentPath)>,
}

impl<V> Default for Memory<V> {
    fn default() -> Self {
        Self { known: PathMap::default(), order: VecDeque::new() }
    }
}

impl<V> Memory<V> {
    fn remember(&mut self, path: DocumentPath, value: V) {
        self.forget();
        if self.known.insert(path.clone(), value).is_none() {
            self.order.push_back((Instant::now(), path));
        }
    }

    fn forget(&mut self) {
        while let Some((seen, _)) = self.order.front()
            && (seen.elapsed() > MEMORY || self.order.len() >= MOST)
        {
            let path = self.order.pop_front().map(|(_, path)| path);
            path.and_then(|path| self.known.remove(&path));
        }
    }
}

#[cfg(test)]
mod tests {
    use common::path::{Collection, CollectionPath};
    use common::store::fields;
    use common::tenant::TenantId;

    use super::*;

    fn gate(n: usize) -> DocumentPath {
        let tenant = TenantId::parse("acme").expect("a tenant");
        CollectionPath::of(&tenant, Collection::Events).hashed(&[n.to_string()])
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_is_forgotten_after_a_minute() {
        let mut recent = Recent::default();
        recent.remember_gate(gate(1), Some("d".to_owned()));
        tokio::time::advance(MEMORY).await;
        recent.forget();
        assert_eq!(recent.digest(&gate(1)), Some(Some("d")));
        tokio::time::advance(Duration::from_secs(1)).await;
        recent.forget();
        assert_eq!(recent.digest(&gate(1)), None);
    }

    #[tokio::test]
    async fn the_number_of_remembered_gates_is_bounded() {
        let mut recent = Recent::default();
        (0..MOST + 10).for_each(|n| recent.remember_gate(gate(n), None));
        assert!(recent.gates.known.len() <= MOST && recent.gates.order.len() <= MOST);
        assert_eq!(recent.digest(&gate(0)), None);
        assert_eq!(recent.digest(&gate(MOST + 9)), Some(None));
    }

    #[tokio::test(start_paused = true)]
    async fn an_equal_upsert_is_redundant_for_a_minute() {
        let upsert = |day: &str| Write::Upsert {
            path: gate(1),
            fields: fields([("day", day.into())]).into(),
        };
        let mut recent = Recent::default();
        recent.remember_upsert(upsert("all"));
        assert!(recent.makes_redundant(&upsert("all")));
        assert!(!recent.makes_redundant(&upsert("2025-05-01")));
        tokio::time::advance(MEMORY + Duration::from_secs(1)).await;
        recent.forget();
        assert!(!recent.makes_redundant(&upsert("all")));
    }

    #[test]
    fn an_increment_is_never_redundant() {
        let by = [("count".into(), 1)].into();
        let increment = Write::Increment { path: gate(1), fields: Fields::new().into(), by };
        let mut recent = Recent::default();
        recent.remember_upsert(increment.clone());
        assert!(!recent.makes_redundant(&increment));
    }
}
