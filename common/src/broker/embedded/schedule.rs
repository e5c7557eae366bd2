//! Which message is delivered next: turns of tenants, leases, backoff. The schedule is only in
//! memory, so after a restart every unacknowledged message is due.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::backoff::Backoff;

/// The wait after a failed delivery.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));

/// Messages in one lane never wait for those in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Work that takes milliseconds.
    Fast,
    /// Work that takes seconds or minutes.
    Slow,
    /// Work of milliseconds that takes much memory: few of these are in work at once.
    Bulk,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Fast, Self::Slow, Self::Bulk];

    /// Its number in the queue's file.
    pub(super) const fn number(self) -> i64 {
        self as i64
    }

    /// The lane with this number. An unknown number means [`Lane::Fast`].
    pub(super) fn numbered(number: i64) -> Self {
        Self::ALL.into_iter().find(|lane| lane.number() == number).unwrap_or(Self::Fast)
    }
}

/// What decides when it is a message's turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The lane that it waits in.
    pub lane: Lane,
    /// The tenant that it belongs to.
    pub tenant: String,
}

/// One lease of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leased {
    pub(super) id: i64,
    pub(super) attempts: u32,
    number: u64,
    turn: Turn,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Turn {
    lane: Lane,
    tenant: Arc<str>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    id: i64,
    attempts: u32,
    since: Since,
}

/// When a message began to wait, in tenths of a second since the start: a backlog may have millions.
#[derive(Clone, Copy, Debug)]
struct Since(u32);

impl Since {
    /// It does not matter how long the message waits.
    const ANY: Self = Self(u32::MAX);

    fn after(start: Duration) -> Self {
        Self(u32::try_from(start.as_millis() / 100).unwrap_or(u32::MAX))
    }

    fn until(self, later: Self) -> Duration {
        Duration::from_millis(100) * later.0.saturating_sub(self.0)
    }
}

struct Held {
    leased: Leased,
    until: Instant,
}

/// All messages of the `work` subscription that are not acknowledged.
pub(super) struct Schedule {
    began: Instant,
    ack_deadline: Duration,
    lanes: BTreeMap<Lane, Turns>,
    held: HashMap<i64, Held>,
    expiries: BTreeSet<(Instant, i64)>,
    delayed: BTreeMap<(Instant, i64), (Turn, Waiting)>,
    leases: u64,
}

impl Schedule {
    pub(super) fn new(ack_deadline: Duration) -> Self {
        Self {
            began: Instant::now(),
            ack_deadline,
            lanes: BTreeMap::new(),
            held: HashMap::new(),
            expiries: BTreeSet::new(),
            delayed: BTreeMap::new(),
            leases: 0,
        }
    }

    pub(super) fn add(&mut self, flow: &Flow, id: i64, attempts: u32) {
        let since = self.at(Instant::now());
        self.turns(flow.lane).push_back(&flow.tenant, Waiting { id, attempts, since });
    }

    /// Like [`add`](Self::add), for a message that an operator has published again: nobody waits for
    /// it, and there may be any number.
    pub(super) fn adopt(&mut self, flow: &Flow, id: i64, attempts: u32) {
        let since = Since::ANY;
        self.turns(flow.lane).push_back(&flow.tenant, Waiting { id, attempts, since });
    }

    /// How long the tenant's next message in the lane has waited.
    pub(super) fn waited(&self, flow: &Flow, now: Instant) -> Duration {
        let turns = self.lanes.get(&flow.lane);
        let next = turns.and_then(|turns| turns.tenants.get(&*flow.tenant)?.waiting.front());
        next.map_or(Duration::ZERO, |next| next.since.until(self.at(now)))
    }

    /// Leases the next message of `lane`, from the tenant with the fewest messages in progress.
    pub(super) fn next(&mut self, lane: Lane, now: Instant) -> Option<Leased> {
        let (tenant, Waiting { id, attempts, .. }) = self.turns(lane).take()?;
        self.leases += 1;
        let leased = Leased { id, attempts, number: self.leases, turn: Turn { lane, tenant } };
        let until = now + self.ack_deadline;
        self.expiries.insert((until, id));
        self.held.insert(id, Held { leased: leased.clone(), until });
        Some(leased)
    }

    /// Makes messages due if their backoff or lease has ended. Returns the ids of expired leases:
    /// each is a failed delivery.
    pub(super) fn wake(&mut self, now: Instant) -> Vec<i64> {
        let since = self.at(now);
        while let Some(entry) = self.delayed.first_entry().filter(|entry| entry.key().0 <= now) {
            let (turn, waiting) = entry.remove();
            self.turns(turn.lane).push_back(&turn.tenant, Waiting { since, ..waiting });
        }
        let mut expired = Vec::new();
        while let Some(&(_, id)) = self.expiries.first().filter(|(until, _)| *until <= now) {
            if let Some(Leased { attempts, turn, .. }) = self.let_go(id) {
                let waiting = Waiting { id, attempts: attempts + 1, since };
                self.turns(turn.lane).push_back(&turn.tenant, waiting);
            }
            expired.push(id);
        }
        expired
    }

    /// When the next backoff or lease ends.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let delayed = self.delayed.first_key_value().map(|(key, _)| key.0);
        let expiry = self.expiries.first().map(|key| key.0);
        delayed.into_iter().chain(expiry).min()
    }

    /// Forgets a message, even if it was leased again meanwhile. False if it is not leased: an
    /// expired message is found missing when it is leased the next time.
    pub(super) fn done(&mut self, leased: &Leased) -> bool {
        self.let_go(leased.id).is_some()
    }

    /// Makes a message wait for its backoff. False if the lease had expired, which was already
    /// counted.
    pub(super) fn failed(&mut self, leased: &Leased, now: Instant) -> bool {
        if !self.is_current(leased) {
            return false;
        }
        self.let_go(leased.id);
        let attempts = leased.attempts + 1;
        let waiting = Waiting { id: leased.id, attempts, since: Since::ANY };
        let due = now + BACKOFF.wait_after(attempts);
        self.delayed.insert((due, leased.id), (leased.turn.clone(), waiting));
        true
    }

    /// Makes a message due again, before all others of its tenant.
    pub(super) fn released(&mut self, leased: &Leased) {
        if !self.is_current(leased) {
            return;
        }
        self.let_go(leased.id);
        let since = self.at(Instant::now());
        let waiting = Waiting { id: leased.id, attempts: leased.attempts, since };
        self.turns(leased.turn.lane).push_front(&leased.turn.tenant, waiting);
    }

    pub(super) fn len(&self) -> usize {
        let waiting: usize = self.lanes.values().map(Turns::len).sum();
        waiting + self.held.len() + self.delayed.len()
    }

    fn is_current(&self, leased: &Leased) -> bool {
        self.held.get(&leased.id).is_some_and(|held| held.leased.number == leased.number)
    }

    fn let_go(&mut self, id: i64) -> Option<Leased> {
        let Held { leased, until } = self.held.remove(&id)?;
        self.expiries.remove(&(until, id));
        self.turns(leased.turn.lane).put_down(&leased.turn.tenant);
        Some(leased)
    }

    fn at(&self, now: Instant) -> Since {
        Since::after(now.saturating_duration_since(self.began))
    }

    fn turns(&mut self, lane: Lane) -> &mut Turns {
        self.lanes.entry(lane).or_default()
    }
}

/// The tenants of one lane, with their waiting messages and those in progress.
#[derive(Default)]
struct Turns {
    tenants: HashMap<Arc<str>, Share>,
    /// Tenants with waiting messages: those with the fewest in progress first, then those that were
    /// served longest ago.
    order: BTreeSet<(usize, u64, Arc<str>)>,
    served: u64,
}

#[derive(Default)]
struct Share {
    waiting: VecDeque<Waiting>,
    in_work: usize,
    served: u64,
}

impl Turns {
    fn push_back(&mut self, tenant: &str, waiting: Waiting) {
        self.change(tenant, |share| share.waiting.push_back(waiting));
    }

    fn push_front(&mut self, tenant: &str, waiting: Waiting) {
        self.change(tenant, |share| share.waiting.push_front(waiting));
    }

    /// Takes the next message, which counts as in progress until [`Turns::put_down`].
    fn take(&mut self) -> Option<(Arc<str>, Waiting)> {
        let tenant = Arc::clone(&self.order.first()?.2);
        self.served += 1;
        let served = self.served;
        let waiting = self.change(&tenant, |share| {
            share.in_work += 1;
            share.served = served;
            share.waiting.pop_front()
        })?;
        Some((tenant, waiting))
    }

    fn put_down(&mut self, tenant: &str) {
        self.change(tenant, |share| share.in_work -= 1);
    }

    fn len(&self) -> usize {
        self.tenants.values().map(|share| share.waiting.len()).sum()
    }

    /// Changes a tenant's share, and so its place in the order. Forgets a tenant without messages.
    fn change<T>(&mut self, tenant: &str, change: impl FnOnce(&mut Share) -> T) -> T {
        let (name, mut share) =
            self.tenants.remove_entry(tenant).unwrap_or_else(|| (tenant.into(), Share::default()));
        self.order.remove(&(share.in_work, share.served, Arc::clone(&name)));
        let result = change(&mut share);
        if !share.waiting.is_empty() {
            self.order.insert((share.in_work, share.served, Arc::clone(&name)));
        }
        if !share.waiting.is_empty() || share.in_work > 0 {
            self.tenants.insert(name, share);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(600);

    fn flow(tenant: &str) -> Flow {
        Flow { lane: Lane::Slow, tenant: tenant.to_owned() }
    }

    fn with(tenants: &[&str]) -> Schedule {
        let mut schedule = Schedule::new(DEADLINE);
        for (id, tenant) in (1..).zip(tenants) {
            schedule.add(&flow(tenant), id, 0);
        }
        schedule
    }

    fn ids(schedule: &mut Schedule, now: Instant) -> Vec<i64> {
        std::iter::from_fn(|| schedule.next(Lane::Slow, now)).map(|leased| leased.id).collect()
    }

    #[test]
    fn a_tenant_with_one_message_does_not_wait_behind_one_with_many() {
        let mut schedule = with(&["a", "a", "a", "a", "b"]);
        assert_eq!(ids(&mut schedule, Instant::now())[..2], [1, 5]);
    }

    #[test]
    fn the_tenant_with_the_fewest_messages_in_work_is_next() {
        let mut schedule = with(&["a", "a", "a", "a", "b", "b", "b", "b"]);
        let now = Instant::now();
        let first: Vec<_> = (0..4).filter_map(|_| schedule.next(Lane::Slow, now)).collect();
        first
            .iter()
            .filter(|leased| &*leased.turn.tenant == "b")
            .for_each(|l| assert!(schedule.done(l)));
        let next: Vec<_> = (0..2).filter_map(|_| schedule.next(Lane::Slow, now)).collect();
        assert!(next.iter().all(|leased| &*leased.turn.tenant == "b"), "{next:?}");
    }

    #[test]
    fn lanes_do_not_wait_for_each_other() {
        let mut schedule = with(&["a", "a"]);
        schedule.add(&Flow { lane: Lane::Fast, tenant: "a".to_owned() }, 9, 0);
        let leased = schedule.next(Lane::Fast, Instant::now()).expect("a message");
        assert_eq!(leased.id, 9);
    }

    #[test]
    fn how_long_a_tenant_waits_is_known_by_lane() {
        let mut schedule = with(&["a", "a"]);
        let later = Instant::now() + Duration::from_secs(60);
        let waited = |schedule: &Schedule, tenant| schedule.waited(&flow(tenant), later).as_secs();
        assert_eq!([waited(&schedule, "a"), waited(&schedule, "b")], [60, 0]);
        let fast = Flow { lane: Lane::Fast, tenant: "a".to_owned() };
        assert_eq!(schedule.waited(&fast, later), Duration::ZERO);
        ids(&mut schedule, Instant::now());
        assert_eq!(waited(&schedule, "a"), 0, "nothing waits any more");
        schedule.adopt(&flow("a"), 9, 0);
        assert_eq!(waited(&schedule, "a"), 0, "nobody waits for a replay");
    }

    #[test]
    fn a_failure_waits_longer_each_time_and_is_counted() {
        let mut schedule = with(&["a"]);
        let mut now = Instant::now();
        for (attempts, longest) in (0..).zip([1, 2, 4, 8, 16, 32, 60, 60]) {
            let leased = schedule.next(Lane::Slow, now).expect("due");
            assert_eq!(leased.attempts, attempts);
            assert!(schedule.failed(&leased, now));
            assert!(schedule.next(Lane::Slow, now).is_none());
            let due = schedule.next_due().expect("a time");
            let (wait, longest) = (due - now, Duration::from_secs(longest));
            assert!(longest / 2 <= wait && wait <= longest, "{wait:?} after {attempts}");
            now = due;
            assert!(schedule.wake(now).is_empty());
        }
    }

    #[test]
    fn a_late_answer_to_an_expired_lease_still_counts() {
        let mut schedule = with(&["a"]);
        let now = Instant::now();
        let slow = schedule.next(Lane::Slow, now).expect("a message");
        assert_eq!(schedule.wake(now + DEADLINE), [1]);
        assert!(!schedule.failed(&slow, now), "counted when it expired");
        let again = schedule.next(Lane::Slow, now + DEADLINE).expect("again");
        assert_eq!(again.attempts, 1);
        assert!(schedule.done(&slow));
        assert_eq!(schedule.len(), 0);
        assert!(!schedule.failed(&again, now), "the first delivery has ended it");
    }

    #[test]
    fn a_released_message_is_due_at_once_and_counts_no_attempt() {
        let mut schedule = with(&["a", "a"]);
        let now = Instant::now();
        let leased = schedule.next(Lane::Slow, now).expect("a message");
        schedule.released(&leased);
        let again = schedule.next(Lane::Slow, now).expect("again");
        assert_eq!((again.id, again.attempts), (1, 0));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Add(u8),
        Lease,
        Done(usize),
        Failed(usize),
        Released(usize),
        Later(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0u8..4).prop_map(Step::Add),
            Just(Step::Lease),
            any::<usize>().prop_map(Step::Done),
            any::<usize>().prop_map(Step::Failed),
            any::<usize>().prop_map(Step::Released),
            (0u64..700).prop_map(Step::Later),
        ]
    }

    proptest! {
        #[test]
        fn every_message_is_delivered_until_it_is_done(
            steps in prop::collection::vec(step(), 0..120)
        ) {
            let mut schedule = Schedule::new(DEADLINE);
            let mut now = Instant::now();
            let (mut open, mut leases, mut last) = (HashSet::new(), Vec::<Leased>::new(), 0);
            for step in steps {
                let pick = |n: usize| leases.get(n % leases.len().max(1)).cloned();
                match step {
                    Step::Add(tenant) => {
                        last += 1;
                        schedule.add(&flow(&tenant.to_string()), last, 0);
                        open.insert(last);
                    }
                    Step::Lease => leases.extend(schedule.next(Lane::Slow, now)),
                    Step::Done(n) => if let Some(leased) = pick(n).filter(|l| schedule.done(l)) {
                        open.remove(&leased.id);
                    },
                    Step::Failed(n) => if let Some(leased) = pick(n) {
                        schedule.failed(&leased, now);
                    },
                    Step::Released(n) => if let Some(leased) = pick(n) {
                        schedule.released(&leased);
                    },
                    Step::Later(seconds) => {
                        now += Duration::from_secs(seconds);
                        schedule.wake(now);
                    }
                }
                prop_assert_eq!(schedule.len(), open.len());
            }
            // Every message that is not done is due once all leases and waits have ended.
            schedule.wake(now + DEADLINE);
            let due: Vec<_> = ids(&mut schedule, now);
            let distinct: HashSet<_> = due.iter().copied().collect();
            prop_assert_eq!(distinct.len(), due.len());
            prop_assert_eq!(distinct, open);
        }
    }
}
