//! How far the archive has come: what to write next, and which tenants wait because their folder
//! cannot be written.

use std::collections::BTreeMap;
use std::time::Duration;

use common::backoff::{Backoff, Waits};
use common::broker::embedded::{Archivable, Unarchived};
use common::message::flow;
use common::metrics::ARCHIVE_BLOCKED;
use tokio::time::Instant;

/// How long a tenant waits after a failure.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// The last message that was looked at, and the tenants that wait.
#[derive(Default)]
pub(super) struct Progress {
    after: i64,
    waiting: BTreeMap<String, Waiting>,
}

/// A tenant that waits. All its messages stay in the queue, so that they are written in order.
struct Waiting {
    /// The message before its first one.
    after: i64,
    next_try: Instant,
    waits: Waits,
}

impl Progress {
    /// What to read next: the messages of a tenant whose next try is due, otherwise new ones.
    pub(super) fn next(&self, now: Instant) -> Unarchived {
        let mut waiting = self.waiting.iter();
        match waiting.find(|(_, waiting)| waiting.next_try <= now) {
            Some((tenant, Waiting { after, .. })) => {
                Unarchived { after: *after, tenant: Some(tenant.clone()) }
            }
            None => Unarchived { after: self.after, tenant: None },
        }
    }

    /// When the next tenant is due.
    pub(super) fn next_try(&self) -> Option<Instant> {
        self.waiting.values().map(|waiting| waiting.next_try).min()
    }

    /// Takes what was read, and returns the part of it to write. A tenant with nothing left to
    /// write stops waiting.
    pub(super) fn take(&mut self, from: &Unarchived, mut read: Vec<Archivable>) -> Vec<Archivable> {
        match &from.tenant {
            Some(tenant) if read.is_empty() => {
                self.waiting.remove(tenant);
            }
            Some(_) => {}
            None => {
                self.after = read.last().map_or(self.after, |last| last.id);
                let waits = |it: &Archivable| {
                    self.waiting.contains_key(&flow(&it.message.attributes).tenant)
                };
                read.retain(|it| !waits(it));
            }
        }
        self.count();
        read
    }

    /// Makes a tenant wait. Its message `first` and all later ones may be unwritten.
    pub(super) fn hold(&mut self, tenant: String, first: i64, now: Instant) {
        let fresh = || Waiting { after: first - 1, next_try: now, waits: BACKOFF.waits() };
        let waiting = self.waiting.entry(tenant).or_insert_with(fresh);
        waiting.after = waiting.after.min(first - 1);
        waiting.next_try = now + waiting.waits.next_wait();
        self.count();
    }

    fn count(&self) {
        ARCHIVE_BLOCKED.set(self.waiting.len() as i64);
    }
}

#[cfg(test)]
mod tests {
    use common::broker::Message;

    use super::*;

    fn messages(of: &[(i64, &str)]) -> Vec<Archivable> {
        let message = |(id, tenant): &(i64, &str)| {
            let attributes = [("tenant_id".to_owned(), (*tenant).to_owned())].into();
            Archivable { id: *id, message: Message { data: Vec::new(), attributes } }
        };
        of.iter().map(message).collect()
    }

    fn ids(messages: &[Archivable]) -> Vec<i64> {
        messages.iter().map(|it| it.id).collect()
    }

    #[test]
    fn a_tenant_that_waits_is_left_out_until_it_is_due_and_then_drained() {
        let (mut progress, now) = (Progress::default(), Instant::now());
        let new = |after| Unarchived { after, tenant: None };
        let first = progress.next(now);
        assert_eq!(first, new(0));
        assert_eq!(
            ids(&progress.take(&first, messages(&[(1, "a"), (2, "b"), (3, "a")]))),
            [1, 2, 3]
        );
        progress.hold("a".to_owned(), 1, now);

        let second = progress.next(now);
        assert_eq!(second, new(3));
        assert_eq!(ids(&progress.take(&second, messages(&[(4, "a"), (5, "b")]))), [5]);

        let due = progress.next_try().expect("it waits");
        let retry = progress.next(due);
        assert_eq!(retry, Unarchived { after: 0, tenant: Some("a".to_owned()) });
        assert_eq!(ids(&progress.take(&retry, messages(&[(1, "a"), (3, "a")]))), [1, 3]);
        assert_eq!(progress.next(due), retry, "there may be more");
        assert_eq!(ids(&progress.take(&retry, Vec::new())), [0; 0]);
        assert_eq!(progress.next(due), new(5));
        assert_eq!(ids(&progress.take(&new(5), messages(&[(6, "a")]))), [6]);
    }

    #[test]
    fn each_failure_lets_a_tenant_wait_longer_from_the_same_message_on() {
        let (mut progress, mut now) = (Progress::default(), Instant::now());
        let mut last = Duration::ZERO;
        for round in 0..8 {
            progress.hold("a".to_owned(), 7 + round, now);
            let due = progress.next_try().expect("it waits");
            let wait = due - now;
            assert!(wait <= BACKOFF.longest() && wait >= last / 2, "{wait:?} after {last:?}");
            assert_eq!(progress.next(due).after, 6);
            (last, now) = (wait, due);
        }
        assert!(last > BACKOFF.longest() / 4);
    }
}
