//! One complete pass over all tenants, and what it finds wrong: pure counting, no network.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::plan::Plan;
use super::reader::{Item, Quarantined};
use super::send::Outcome;

/// What one complete pass saw.
pub(super) struct Census<'a> {
    plan: &'a Plan,
    outcomes: &'a [Outcome],
    sightings: Vec<Sighting>,
    /// By record and by the tenant it does not belong to.
    misplaced: BTreeMap<usize, BTreeSet<String>>,
    unexpected: BTreeMap<(String, String), String>,
    wrong: BTreeMap<usize, String>,
    reasons: BTreeMap<usize, String>,
    /// By tenant and record; the record is empty where the whole tenant is meant.
    unreadable: BTreeMap<(String, String), String>,
    clock: Clock,
}

/// What one pass saw of one record in its own tenant.
#[derive(Clone, Copy, Debug, Default)]
struct Sighting {
    times_listed: u32,
    place: Place,
    processed_at: Option<DateTime<Utc>>,
    /// When any pass saw it first.
    seen_at: Option<DateTime<Utc>>,
    quarantined: bool,
}

/// How far a record has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// It was not listed.
    #[default]
    Nowhere,
    /// It is listed, and some of its parts are missing.
    InProgress,
    /// It is listed, and its document is not there.
    ListedOnly,
    /// It is stored, the whole of it.
    Stored,
}

/// A record about which something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Finding {
    /// The tenant in which it was found, or in which it should have been.
    pub(super) tenant: String,
    /// The record.
    pub(super) log_id: String,
    /// What is wrong.
    pub(super) detail: String,
}

/// Everything that a run found wrong.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Findings {
    /// Sent, and never answered 202.
    pub(super) refused: Vec<Finding>,
    /// Answered 202, and neither stored nor in quarantine.
    pub(super) missing: Vec<Finding>,
    /// There more than once.
    pub(super) doubled: Vec<Finding>,
    /// In the listing of a tenant that it does not belong to.
    pub(super) misplaced: Vec<Finding>,
    /// Stored otherwise than it was sent.
    pub(super) wrong_content: Vec<Finding>,
    /// There without having been sent.
    pub(super) unexpected: Vec<Finding>,
    /// In quarantine, though every text of a flood is a valid one.
    pub(super) quarantined: Vec<Finding>,
    /// What could not be read: nothing is known of these tenants or records.
    pub(super) unreadable: Vec<Finding>,
}

/// How far the server's clock is from this one's, as far as it shows: a record is received
/// between its first try and its 202.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    ahead: TimeDelta,
    behind: TimeDelta,
}

impl<'a> Census<'a> {
    /// A pass that has seen nothing yet.
    pub(super) fn new(plan: &'a Plan, outcomes: &'a [Outcome]) -> Self {
        Self {
            plan,
            outcomes,
            sightings: vec![Sighting::default(); plan.records],
            misplaced: BTreeMap::new(),
            unexpected: BTreeMap::new(),
            wrong: BTreeMap::new(),
            reasons: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            clock: Clock::default(),
        }
    }

    /// The next pass: it begins anew, and remembers only when a record was first seen.
    pub(super) fn next(&self) -> Self {
        let mut next = Self::new(self.plan, self.outcomes);
        for (new, old) in next.sightings.iter_mut().zip(&self.sightings) {
            new.seen_at = old.seen_at;
        }
        next
    }

    /// Takes note of an item of a tenant's listing, and of how far its record has come.
    pub(super) fn listed(&mut self, tenant: usize, item: &Item, place: Place) {
        let Some(index) = self.owned(tenant, &item.log_id, "listed") else {
            return;
        };
        let sighting = &mut self.sightings[index];
        sighting.times_listed += 1;
        sighting.place = place;
        sighting.processed_at = item.processed_at;
        if place == Place::Stored {
            sighting.seen_at.get_or_insert_with(Utc::now);
        }
        self.check_source(index, item.source.as_deref());
        if let (Some(received), Outcome::Promised { sent_at, accepted_at }) =
            (item.received_at, &self.outcomes[index])
        {
            self.clock.see(received, *sent_at, *accepted_at);
        }
    }

    /// Takes note of an item of a tenant's quarantine.
    pub(super) fn quarantined(&mut self, tenant: usize, item: &Quarantined) {
        let id = item.attributes.get("record_id").map_or("", String::as_str);
        let Some(index) = self.owned(tenant, id, "in quarantine") else {
            return;
        };
        self.sightings[index].quarantined = true;
        self.sightings[index].seen_at.get_or_insert_with(Utc::now);
        self.reasons.insert(index, item.reason.clone());
    }

    /// Takes note of a tenant that could not be read to its end.
    pub(super) fn unreadable(&mut self, tenant: usize, why: String) {
        self.unreadable.insert((self.plan.tenant(tenant), String::new()), why);
    }

    /// Takes note of a stored record whose document could not be read.
    pub(super) fn unreadable_document(&mut self, index: usize, why: String) {
        let tenant = self.plan.tenant(self.plan.tenant_of(index));
        self.unreadable.insert((tenant, self.plan.log_id(index)), why);
    }

    /// Takes note of a record's content that differs from what was sent.
    pub(super) fn wrong_content(&mut self, index: usize, detail: String) {
        self.wrong.entry(index).or_insert(detail);
    }

    /// Whether a pass is sure about an item by its listing alone. A record of several parts is
    /// listed as soon as its first part is stored.
    pub(super) fn is_sure(item: &Item) -> bool {
        item.processed_at.is_some() && item.parts.is_none_or(|parts| parts <= 1)
    }

    /// How many promised records are stored or in quarantine.
    pub(super) fn settled(&self) -> usize {
        self.promised().filter(|(_, s, _)| s.is_settled()).count()
    }

    /// How many promised records are neither.
    pub(super) fn pending(&self) -> usize {
        self.promised().filter(|(_, s, _)| !s.is_settled()).count()
    }

    /// Whether every tenant was read to its end.
    pub(super) fn is_complete(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// The records that are stored.
    pub(super) fn stored(&self) -> Vec<usize> {
        let all = self.sightings.iter().enumerate();
        all.filter(|(_, s)| s.place == Place::Stored).map(|(index, _)| index).collect()
    }

    /// How many records are stored that were sent and not answered 202, which is no fault.
    pub(super) fn stored_without_promise(&self) -> usize {
        let stored = self.stored().into_iter();
        stored.filter(|&i| matches!(self.outcomes[i], Outcome::Refused { .. })).count()
    }

    /// The times from each 202 to its record's being stored, and whether the document said so.
    pub(super) fn times_to_stored(&self) -> impl Iterator<Item = (TimeDelta, bool)> + '_ {
        self.promised().filter(|(_, s, _)| s.place == Place::Stored).filter_map(
            |(_, sighting, accepted_at)| {
                let moment = sighting.processed_at.or(sighting.seen_at)?;
                let passed = (moment - accepted_at).max(TimeDelta::zero());
                Some((passed, sighting.processed_at.is_some()))
            },
        )
    }

    /// How far the server's clock is ahead of this one, at least; negative when it is behind.
    pub(super) fn clock_difference(&self) -> TimeDelta {
        let Clock { ahead, behind } = self.clock;
        if ahead >= behind { ahead } else { -behind }
    }

    /// Everything that this pass found wrong.
    pub(super) fn findings(&self) -> Findings {
        Findings {
            refused: self.refused(),
            missing: self.missing(),
            doubled: self.doubled(),
            misplaced: self.misplaced_findings(),
            wrong_content: self.findings_of(&self.wrong),
            unexpected: foreign(&self.unexpected),
            quarantined: self.findings_of(&self.reasons),
            unreadable: foreign(&self.unreadable),
        }
    }

    /// The number of the record `id` when this tenant is its place; else it is noted where it was
    /// found.
    fn owned(&mut self, tenant: usize, id: &str, where_: &str) -> Option<usize> {
        let name = self.plan.tenant(tenant);
        let Some(index) = self.plan.index_of(id) else {
            let detail = format!("{where_}, and no record of this run");
            self.unexpected.insert((name, id.to_owned()), detail);
            return None;
        };
        if self.plan.tenant_of(index) != tenant {
            self.misplaced.entry(index).or_default().insert(name);
            return None;
        }
        if matches!(self.outcomes[index], Outcome::NotDue | Outcome::HeldBack) {
            let detail = format!("{where_}, though it was never sent");
            self.unexpected.insert((name, id.to_owned()), detail);
        }
        Some(index)
    }

    fn check_source(&mut self, index: usize, source: Option<&str>) {
        let sent = self.plan.format(index).source();
        if source != Some(sent) {
            let stored = source.unwrap_or("missing");
            self.wrong_content(index, format!("source is {stored}, sent as {sent}"));
        }
    }

    fn promised(&self) -> impl Iterator<Item = (usize, &Sighting, DateTime<Utc>)> {
        let all = self.outcomes.iter().zip(&self.sightings).enumerate();
        all.filter_map(|(index, (outcome, sighting))| match outcome {
            Outcome::Promised { accepted_at, .. } => Some((index, sighting, *accepted_at)),
            _ => None,
        })
    }

    fn finding(&self, index: usize, detail: impl Into<String>) -> Finding {
        Finding {
            tenant: self.plan.tenant(self.plan.tenant_of(index)),
            log_id: self.plan.log_id(index),
            detail: detail.into(),
        }
    }

    fn findings_of(&self, details: &BTreeMap<usize, String>) -> Vec<Finding> {
        details.iter().map(|(&index, detail)| self.finding(index, detail)).collect()
    }

    fn refused(&self) -> Vec<Finding> {
        let all = self.outcomes.iter().enumerate();
        all.filter_map(|(index, outcome)| match outcome {
            Outcome::Refused { last_answer } => Some(self.finding(index, last_answer)),
            _ => None,
        })
        .collect()
    }

    /// A record in another tenant's place is not lost, and is reported as what it is.
    fn missing(&self) -> Vec<Finding> {
        self.promised()
            .filter(|(index, sighting, _)| {
                !sighting.is_settled() && !self.misplaced.contains_key(index)
            })
            .map(|(index, sighting, _)| self.finding(index, sighting.why_missing()))
            // Of a tenant that could not be read nothing is known.
            .filter(|finding| {
                !self.unreadable.contains_key(&(finding.tenant.clone(), String::new()))
            })
            .collect()
    }

    fn doubled(&self) -> Vec<Finding> {
        let all = self.sightings.iter().enumerate();
        all.filter_map(|(index, s)| Some(self.finding(index, s.why_doubled()?))).collect()
    }

    fn misplaced_findings(&self) -> Vec<Finding> {
        let places = self.misplaced.iter().flat_map(|(&i, all)| all.iter().map(move |t| (i, t)));
        places
            .map(|(index, tenant)| {
                let own = self.plan.tenant(self.plan.tenant_of(index));
                let besides = match self.sightings[index].is_settled() {
                    true => "and is there too",
                    false => "and is not there",
                };
                let detail = format!("belongs to {own} {besides}");
                Finding { tenant: tenant.clone(), log_id: self.plan.log_id(index), detail }
            })
            .collect()
    }
}

/// Findings about records that need not be of this run.
fn foreign(findings: &BTreeMap<(String, String), String>) -> Vec<Finding> {
    let finding = |((tenant, log_id), detail): (&(String, String), &String)| Finding {
        tenant: tenant.clone(),
        log_id: log_id.clone(),
        detail: detail.clone(),
    };
    findings.iter().map(finding).collect()
}

impl Sighting {
    fn is_settled(&self) -> bool {
        self.place == Place::Stored || self.quarantined
    }

    fn why_missing(&self) -> String {
        match (self.place, self.seen_at) {
            (Place::InProgress, _) => "in progress: not all of its parts are stored".to_owned(),
            (Place::ListedOnly, _) => "listed, and its document answers 404".to_owned(),
            (_, Some(seen)) => format!("was seen at {}, and is there no more", seen.to_rfc3339()),
            (_, None) => "neither stored nor in quarantine".to_owned(),
        }
    }

    fn why_doubled(&self) -> Option<String> {
        if self.times_listed > 1 {
            return Some(format!("listed {} times", self.times_listed));
        }
        let twice = self.place == Place::Stored && self.quarantined;
        twice.then(|| "stored, and in quarantine".to_owned())
    }
}

impl Clock {
    fn see(&mut self, received: DateTime<Utc>, sent: DateTime<Utc>, accepted: DateTime<Utc>) {
        self.ahead = self.ahead.max(received - accepted);
        self.behind = self.behind.max(sent - received);
    }
}
