//! The waiting units of one tenant. Tenants share no document, so each tenant's units are arranged
//! on their own.

use std::collections::VecDeque;

use common::path::DocumentPath;
use common::path_map::PathMap;
use common::store::CommitLimits;
use tokio::time::Instant;

use super::documents::Documents;
use super::group::Group;
use super::pace::Pace;
use super::recent::Recent;
use super::rivals::Waiting;
use super::unit::Unit;

/// What decides where a unit waits.
pub(super) struct Surroundings {
    pub(super) recent: Recent,
    pub(super) pace: Pace,
    pub(super) limits: CommitLimits,
    /// The documents of commits on their way, with when they began.
    pub(super) reserved: PathMap<Instant>,
}

impl Surroundings {
    /// Before the first commit.
    pub(super) fn within(limits: CommitLimits) -> Self {
        let (recent, reserved) = Default::default();
        Self { recent, pace: Pace::new(limits.interval), limits, reserved }
    }

    /// When the document may be written, as far as is known; `None` means at any time.
    fn due(&self, path: &DocumentPath) -> Option<Instant> {
        let reserved = self.reserved.get(path).filter(|_| self.limits.at_once > 1);
        let after = reserved.map(|began| *began + self.pace.interval_of(path.tenant()));
        after.max(self.pace.due(path))
    }

    /// When all documents of the unit may be written.
    fn unit_due(&self, unit: &Unit) -> Option<Instant> {
        unit.writes.iter().filter_map(|write| self.due(write.path())).max()
    }
}

/// The waiting units of one tenant, in groups that are merged as units arrive.
#[derive(Default)]
pub(super) struct Lane {
    /// Units that wait only for their turn.
    free: Timed,
    /// Units that wait for a document which was written a moment ago.
    resting: Timed,
    /// Units that can be in neither group, in order of arrival.
    later: VecDeque<Waiting>,
    /// The documents of those among `later` that were passed over.
    ahead: Documents,
    /// No unit gets in before a group leaves.
    is_full: bool,
}

/// A group, with when it can be sent.
#[derive(Default)]
struct Timed {
    group: Group,
    not_before: Option<Instant>,
    since: Option<Instant>,
}

impl Timed {
    fn add(&mut self, unit: Waiting, size: usize, due: Option<Instant>) {
        self.not_before = self.not_before.max(due);
        self.since = self.since.or_else(|| Some(Instant::now()));
        self.group.add_waiting(unit, size);
    }

    /// Whether all its documents may be written now.
    fn is_ready(&mut self, around: &Surroundings, now: Instant) -> bool {
        if self.group.is_empty() || self.not_before.is_some_and(|at| at > now) {
            return false;
        }
        self.not_before = self.group.counted().filter_map(|path| around.pace.due(path)).max();
        self.not_before.is_none_or(|at| at <= now)
            && !self.group.documents().any(|path| around.reserved.contains_key(path))
    }
}

impl Lane {
    pub(super) fn is_empty(&self) -> bool {
        self.free.group.is_empty() && self.resting.group.is_empty() && self.later.is_empty()
    }

    /// When its next group may be sent, if it rests.
    pub(super) fn not_before(&self) -> Option<Instant> {
        if self.free.group.is_empty() { self.resting.not_before } else { self.free.not_before }
    }

    /// Puts the unit where it waits. Passes over a unit that fits into no group, and every unit
    /// behind it that must not overtake it. Answers a unit whose gate was seen a moment ago.
    pub(super) fn place(&mut self, unit: Waiting, around: &Surroundings) {
        if self.is_full {
            self.later.push_back(unit);
        } else if let Some(passed_over) = self.try_place(unit, around) {
            self.ahead.add(&passed_over.unit);
            self.later.push_back(passed_over);
        }
    }

    /// Gives the unit back if it must be passed over, or if its group has no room.
    fn try_place(&mut self, mut next: Waiting, around: &Surroundings) -> Option<Waiting> {
        next.unit.writes.retain(|write| !around.recent.makes_redundant(write));
        if let Some(digest) = around.recent.digest(&next.unit.gate) {
            next.answer_known(digest);
            return None;
        }
        for timed in [&mut self.free, &mut self.resting] {
            if let Some(rivals) = timed.group.rivals_of(&next.unit.gate) {
                rivals.others.push_back(next);
                return None;
            }
        }
        if self.must_wait(&next.unit, around) {
            return Some(next);
        }
        let due = around.unit_due(&next.unit).filter(|due| *due > Instant::now());
        let rests = due.is_some() || self.resting.group.shares_a_count_with(&next.unit);
        let timed = if rests { &mut self.resting } else { &mut self.free };
        if !timed.group.is_empty() && due > timed.not_before {
            // It would hold up the others.
            return Some(next);
        }
        let size = next.unit.size();
        if !timed.group.has_room_for(&next.unit, size, &around.limits) {
            self.is_full = true;
            return Some(next);
        }
        timed.add(next, size, due);
        None
    }

    fn must_wait(&self, unit: &Unit, around: &Surroundings) -> bool {
        around.reserved.contains_key(&unit.gate)
            || self.ahead.must_precede(unit)
            || self.free.group.clashes_with(unit)
            || self.resting.group.clashes_with(unit)
    }

    /// Takes the group that can be sent now, if it fits into one commit with `others`.
    pub(super) fn take(
        &mut self,
        others: &Group,
        around: &Surroundings,
        now: Instant,
    ) -> Option<Group> {
        let timed = if self.free.group.is_empty() { &mut self.resting } else { &mut self.free };
        if timed.is_ready(around, now) && others.has_room_for_all_of(&timed.group, &around.limits) {
            return Some(std::mem::take(timed).group);
        }
        None
    }

    /// How long its oldest group has waited for its turn.
    pub(super) fn since(&self) -> Option<Instant> {
        [self.free.since, self.resting.since].into_iter().flatten().min()
    }

    /// Places the units that were passed over again, after a group was sent or a commit has ended.
    pub(super) fn refill(&mut self, around: &Surroundings) {
        (self.is_full, self.ahead) = (false, Documents::default());
        let mut passed_over = VecDeque::new();
        while !self.is_full
            && let Some(next) = self.later.pop_front()
        {
            if let Some(next) = self.try_place(next, around) {
                self.ahead.add(&next.unit);
                passed_over.push_back(next);
            }
        }
        passed_over.append(&mut self.later);
        self.later = passed_over;
    }
}
