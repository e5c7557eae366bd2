//! What was done to a file or a folder, and how much of it an `fsync` had made safe.

use super::call::Span;

/// Changes in the order in which they began, and the syncs in between.
#[derive(Clone, Debug)]
pub(super) struct History<C> {
    changes: Vec<(Span, C)>,
    syncs: Vec<Span>,
}

impl<C> Default for History<C> {
    fn default() -> Self {
        Self { changes: Vec::new(), syncs: Vec::new() }
    }
}

/// The changes of a history before a cut.
#[derive(Debug)]
pub(super) struct Begun<'a, C> {
    /// They are on the disk.
    pub(super) safe: Vec<&'a C>,
    /// They may be there, in part or not at all.
    pub(super) open: Vec<&'a C>,
}

impl<C> History<C> {
    pub(super) fn change(&mut self, span: Span, change: C) {
        self.changes.push((span, change));
    }

    pub(super) fn sync(&mut self, span: Span) {
        self.syncs.push(span);
    }

    /// As if no sync had ever happened.
    pub(super) fn forget_syncs(&mut self) {
        self.syncs.clear();
    }

    /// The changes that had begun before line `cut`.
    pub(super) fn before(&self, cut: usize) -> Begun<'_, C> {
        let completed = self.syncs.iter().filter(|sync| sync.is_ended(cut));
        let safe_until = completed.map(|sync| sync.begun).max().unwrap_or(0);
        let begun = self.changes.iter().filter(|(span, _)| span.is_begun(cut));
        let (safe, open): (Vec<_>, Vec<_>) = begun.partition(|(span, _)| span.is_ended(safe_until));
        let safe = safe.into_iter().map(|(_, change)| change).collect();
        Begun { safe, open: open.into_iter().map(|(_, change)| change).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(begun: usize, ended: usize) -> Span {
        Span { begun, ended }
    }

    #[test]
    fn safe_is_what_had_ended_when_a_completed_sync_began() {
        let mut history = History::default();
        history.change(span(1, 1), 'a');
        history.change(span(2, 5), 'b');
        history.sync(span(3, 6));
        history.change(span(8, 9), 'c');
        let split = |cut| {
            let Begun { safe, open } = history.before(cut);
            (safe.into_iter().collect::<String>(), open.into_iter().collect::<String>())
        };
        let of = |safe: &str, open: &str| (safe.to_owned(), open.to_owned());
        assert_eq!(split(1), of("", ""));
        assert_eq!(split(6), of("", "ab"), "the sync has not ended");
        assert_eq!(split(7), of("a", "b"), "the second write ended after the sync began");
        assert_eq!(split(9), of("a", "bc"));
    }
}
