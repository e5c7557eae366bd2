//! The gates that were seen a moment ago: a message that comes again soon is answered without
//! asking the store, so a storm of redeliveries costs no commits.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use common::path::DocumentPath;
use tokio::time::Instant;

/// How long a gate is remembered. Not longer, so that a document which an operator removes can
/// soon be stored again.
const MEMORY: Duration = Duration::from_secs(60);
/// Gates that are remembered at most: some 10 MB.
const MOST: usize = 32_768;

/// Stored gates with their digests.
#[derive(Default)]
pub(super) struct Recent {
    digests: HashMap<DocumentPath, Option<String>>,
    order: VecDeque<(Instant, DocumentPath)>,
}

impl Recent {
    /// The gate is in the store, with `digest`.
    pub(super) fn remember(&mut self, gate: &DocumentPath, digest: Option<&str>) {
        self.forget();
        if self.digests.insert(gate.clone(), digest.map(str::to_owned)).is_none() {
            self.order.push_back((Instant::now(), gate.clone()));
        }
    }

    /// The gate's digest, where it is remembered.
    pub(super) fn digest(&self, gate: &DocumentPath) -> Option<Option<&str>> {
        self.digests.get(gate).map(Option::as_deref)
    }

    /// Drops what is too old or too much.
    pub(super) fn forget(&mut self) {
        while let Some((seen, _)) = self.order.front()
            && (seen.elapsed() > MEMORY || self.order.len() >= MOST)
        {
            let gate = self.order.pop_front().map(|(_, gate)| gate);
            gate.and_then(|gate| self.digests.remove(&gate));
        }
    }
}

#[cfg(test)]
mod tests {
    use common::path::{Collection, CollectionPath};
    use common::tenant::TenantId;

    use super::*;

    fn gate(n: usize) -> DocumentPath {
        let tenant = TenantId::parse("acme").expect("a tenant");
        CollectionPath::of(&tenant, Collection::Events).hashed(&[n.to_string()])
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_is_forgotten_after_a_minute() {
        let mut recent = Recent::default();
        recent.remember(&gate(1), Some("d"));
        tokio::time::advance(MEMORY).await;
        recent.forget();
        assert_eq!(recent.digest(&gate(1)), Some(Some("d")));
        tokio::time::advance(Duration::from_secs(1)).await;
        recent.forget();
        assert_eq!(recent.digest(&gate(1)), None);
    }

    #[tokio::test]
    async fn only_so_many_gates_are_remembered() {
        let mut recent = Recent::default();
        (0..MOST + 10).for_each(|n| recent.remember(&gate(n), None));
        assert!(recent.digests.len() <= MOST && recent.order.len() <= MOST);
        assert_eq!(recent.digest(&gate(0)), None);
        assert_eq!(recent.digest(&gate(MOST + 9)), Some(None));
    }
}
