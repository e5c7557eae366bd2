//! Whose records are published next while the broker has enough to do: tenants take turns.
//!
//! Records that may be published at once are bounded in bytes. Beyond that, the tenant with the fewest
//! bytes being published is next, so one that floods waits for its own records. It may have as many
//! bytes waiting as are still free; further requests of it are refused, and others still find room.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::record::Record;
use common::tenant::TenantId;
use thiserror::Error;
use tokio::sync::oneshot;

/// The most bytes that wait.
const WAITING_BYTES: usize = 64 << 20;
/// What a message costs besides its data, in bytes.
const MESSAGE_BYTES: usize = 1 << 10;

/// The tenant has as much waiting as it may.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the tenant {0} sends faster than its records can be published")]
pub(crate) struct TooManyWait(pub(crate) TenantId);

/// The turns of all tenants.
#[derive(Clone)]
pub(crate) struct Turns(Arc<Mutex<Tenants>>);

/// Permission to publish. Dropping it makes room for the next.
pub(crate) struct Turn {
    turns: Turns,
    tenant: TenantId,
    bytes: usize,
}

struct Tenants {
    /// The most bytes that are published at once.
    most: usize,
    /// How many of them are left.
    free: usize,
    waiting_bytes: usize,
    served: u64,
    lines: HashMap<TenantId, Line>,
    /// Tenants that wait: those with the fewest bytes being published first, then those that were
    /// served longest ago.
    order: BTreeSet<(usize, u64, TenantId)>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    publishing_bytes: usize,
    served: u64,
}

struct Waiting {
    bytes: usize,
    turn: oneshot::Sender<Turn>,
}

impl Turns {
    /// At most `most` bytes are published at once.
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Tenants {
            most,
            free: most,
            waiting_bytes: 0,
            served: 0,
            lines: HashMap::new(),
            order: BTreeSet::new(),
        })))
    }

    /// Waits until it is the turn of these records. All of them go together: they count for the
    /// tenant of the first one.
    pub(crate) async fn wait_for(&self, records: &[Record]) -> Result<Option<Turn>, TooManyWait> {
        let Some(tenant) = records.first().map(|record| &record.tenant) else { return Ok(None) };
        let bytes = records.iter().map(|record| record.data.len() + MESSAGE_BYTES).sum();
        self.wait(tenant, bytes).await
    }

    async fn wait(&self, tenant: &TenantId, bytes: usize) -> Result<Option<Turn>, TooManyWait> {
        let (turn, granted) = oneshot::channel();
        self.tenants().add(tenant, Waiting { bytes, turn })?;
        self.grant();
        Ok(granted.await.ok())
    }

    fn tenants(&self) -> MutexGuard<'_, Tenants> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives out the turns that there is room for. A turn that nobody waits for any more comes back
    /// at once, so none is given while the lock is held.
    fn grant(&self) {
        loop {
            let Some((tenant, Waiting { bytes, turn })) = self.tenants().next() else { return };
            drop(turn.send(Turn { turns: self.clone(), tenant, bytes }));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.tenants().done(&self.tenant, self.bytes);
        self.turns.grant();
    }
}

impl Tenants {
    fn add(&mut self, tenant: &TenantId, waiting: Waiting) -> Result<(), TooManyWait> {
        // However large a request is, it can be published alone.
        let waiting = Waiting { bytes: waiting.bytes.min(self.most), ..waiting };
        let bytes = waiting.bytes;
        let free = WAITING_BYTES.saturating_sub(self.waiting_bytes + bytes);
        let own = self.lines.get(tenant).map_or(0, |line| line.waiting_bytes);
        if own + bytes > free {
            return Err(TooManyWait(tenant.clone()));
        }
        self.waiting_bytes += bytes;
        self.change(tenant, |line| {
            line.waiting_bytes += bytes;
            line.waiting.push_back(waiting);
        });
        Ok(())
    }

    /// Takes what is next, if there is room for it.
    fn next(&mut self) -> Option<(TenantId, Waiting)> {
        loop {
            let tenant = self.order.first()?.2.clone();
            let front = self.lines.get(&tenant)?.waiting.front()?;
            let is_gone = front.turn.is_closed();
            if !is_gone && front.bytes > self.free {
                return None;
            }
            self.served += 1;
            let served = self.served;
            let waiting = self.change(&tenant, |line| {
                let waiting = line.waiting.pop_front()?;
                line.waiting_bytes -= waiting.bytes;
                if !is_gone {
                    line.publishing_bytes += waiting.bytes;
                    line.served = served;
                }
                Some(waiting)
            })?;
            self.waiting_bytes -= waiting.bytes;
            if !is_gone {
                self.free -= waiting.bytes;
                return Some((tenant, waiting));
            }
        }
    }

    fn done(&mut self, tenant: &TenantId, bytes: usize) {
        self.free += bytes;
        self.change(tenant, |line| line.publishing_bytes -= bytes);
    }

    /// Changes a tenant's line, and so its place in the order. Forgets a tenant that has nothing.
    fn change<T>(&mut self, tenant: &TenantId, change: impl FnOnce(&mut Line) -> T) -> T {
        let mut line = self.lines.remove(tenant).unwrap_or_default();
        self.order.remove(&(line.publishing_bytes, line.served, tenant.clone()));
        let result = change(&mut line);
        if !line.waiting.is_empty() {
            self.order.insert((line.publishing_bytes, line.served, tenant.clone()));
        }
        if !line.waiting.is_empty() || line.publishing_bytes > 0 {
            self.lines.insert(tenant.clone(), line);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;
    use tokio::time::{Instant, sleep};

    use super::*;

    /// How long the broker takes for anything.
    const PUBLISH: Duration = Duration::from_millis(10);
    const RECORD: usize = 1_000;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).expect("a tenant")
    }

    async fn publish(turns: Turns, tenant: TenantId) -> Option<Duration> {
        let began = Instant::now();
        let _turn = turns.wait(&tenant, RECORD).await.ok()?;
        sleep(PUBLISH).await;
        Some(began.elapsed())
    }

    /// The 99th of 100 times that a tenant waits that publishes a record every 5 ms.
    async fn p99(turns: &Turns) -> Duration {
        let mut times = Vec::new();
        for _ in 0..200 {
            let published = tokio::spawn(publish(turns.clone(), tenant("quiet")));
            sleep(PUBLISH / 2).await;
            times.push(published);
        }
        let mut took = Vec::new();
        for time in times {
            took.push(time.await.expect("it does not panic").expect("it is never refused"));
        }
        took.sort_unstable();
        took[took.len() * 99 / 100]
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_at_ten_times_the_capacity_at_most_doubles_the_time_of_another_tenant() {
        // 100 records each 10 ms are the capacity.
        let turns = Turns::new(100 * RECORD);
        let quiet = p99(&turns).await;
        let flooded = turns.clone();
        let flood = tokio::spawn(async move {
            loop {
                for _ in 0..100 {
                    tokio::spawn(publish(flooded.clone(), tenant("flood")));
                }
                sleep(Duration::from_millis(1)).await;
            }
        });
        sleep(PUBLISH * 10).await;
        let busy = p99(&turns).await;
        flood.abort();
        println!("quiet {quiet:?}, beside a flood {busy:?}");
        assert!(busy <= quiet * 2, "{busy:?} after {quiet:?}");
    }

    #[tokio::test]
    async fn a_tenant_that_floods_is_refused_before_it_takes_all_the_room() {
        let turns = Turns::new(RECORD);
        let (flood, quiet) = (tenant("flood"), tenant("quiet"));
        let turn = turns.wait(&flood, RECORD).await.expect("the first");
        let mut waiting = Vec::new();
        let refused = loop {
            let mut next = Box::pin(turns.wait(&flood, RECORD));
            match next.as_mut().now_or_never() {
                None => waiting.push(next),
                Some(answer) => break answer.err(),
            }
        };
        assert_eq!(refused, Some(TooManyWait(flood.clone())));
        assert_eq!(waiting.len(), WAITING_BYTES / 2 / RECORD);
        let mut other = Box::pin(turns.wait(&quiet, RECORD));
        assert!(other.as_mut().now_or_never().is_none());
        drop(turn);
        assert!(other.now_or_never().expect("it is next").is_ok());
    }

    #[tokio::test]
    async fn a_request_that_nobody_waits_for_takes_no_turn() {
        let turns = Turns::new(RECORD);
        let acme = tenant("acme");
        let turn = turns.wait(&acme, RECORD).await.expect("the first");
        for _ in 0..100_000 {
            assert!(turns.wait(&acme, 1).now_or_never().is_none());
        }
        let mut last = Box::pin(turns.wait(&acme, 10 * RECORD));
        assert!(last.as_mut().now_or_never().is_none());
        drop(turn);
        let last = last.now_or_never().expect("it is next").expect("a turn");
        assert_eq!(turns.tenants().free, 0);
        drop(last);
        let tenants = turns.tenants();
        assert_eq!((tenants.free, tenants.waiting_bytes), (RECORD, 0));
        assert!(tenants.lines.is_empty() && tenants.order.is_empty());
    }
}
