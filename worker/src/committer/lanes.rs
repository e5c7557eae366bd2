//! The waiting units of all tenants, and the choice of those that go into the next commit.

use std::collections::HashMap;

use tokio::time::Instant;

use super::group::Group;
use super::lane::{Lane, Surroundings};
use super::rivals::Waiting;

/// The waiting units of all tenants.
#[derive(Default)]
pub(super) struct Lanes(HashMap<String, Lane>);

impl Lanes {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the unit where it waits.
    pub(super) fn place(&mut self, unit: Waiting, around: &Surroundings) {
        let tenant = unit.unit.tenant();
        if let Some(lane) = self.0.get_mut(tenant) {
            return lane.place(unit, around);
        }
        let (tenant, mut lane) = (tenant.to_owned(), Lane::default());
        lane.place(unit, around);
        if !lane.is_empty() {
            self.0.insert(tenant, lane);
        }
    }

    /// Takes the groups that can be sent now and fit into one commit: one of each tenant, the
    /// longest wait first.
    pub(super) fn take(&mut self, around: &Surroundings) -> Group {
        let (now, mut all) = (Instant::now(), Group::default());
        let may_go = |lane: &&mut Lane| lane.not_before().is_none_or(|at| at <= now);
        let mut lanes: Vec<_> = self.0.values_mut().filter(may_go).collect();
        lanes.sort_unstable_by_key(|lane| lane.since());
        for lane in lanes {
            if let Some(group) = lane.take(&all, around, now) {
                all.absorb(group);
            }
        }
        all
    }

    /// Places the units that were passed over again, and drops empty lanes.
    pub(super) fn refill(&mut self, around: &Surroundings) {
        self.0.retain(|_, lane| {
            lane.refill(around);
            !lane.is_empty()
        });
    }

    /// When the next group may be sent, if none may be now.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        self.0.values().filter_map(Lane::not_before).filter(|at| *at > now).min()
    }
}
