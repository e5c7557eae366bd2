//! What one complete pass over all tenants saw, and what is wrong with it. No network here.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::findings::{Finding, Findings};
use super::plan::Plan;
use super::reader::{Item, Quarantined};
use super::send::Outcome;
use super::sighting::{Clock, Place, Sighting};

/// What one complete pass saw.
pub(super) struct Census<'a> {
    plan: &'a Plan,
    outcomes: &'a [Outcome],
    sightings: Vec<Sighting>,
    /// The foreign tenants that hold a record, by record.
    misplaced: BTreeMap<usize, BTreeSet<String>>,
    unexpected: BTreeMap<(String, String), String>,
    wrong: BTreeMap<usize, String>,
    reasons: BTreeMap<usize, String>,
    /// By tenant and record; an empty record stands for the whole tenant.
    unreadable: BTreeMap<(String, String), String>,
    clock: Clock,
}

impl<'a> Census<'a> {
    /// Starts the first pass.
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

    /// Starts the next pass, which keeps only the times when records were first seen.
    pub(super) fn next(&self) -> Self {
        let mut next = Self::new(self.plan, self.outcomes);
        for (new, old) in next.sightings.iter_mut().zip(&self.sightings) {
            new.seen_at = old.seen_at;
        }
        next
    }

    /// Adds an item of a tenant's listing, and how far its record has come.
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

    /// Adds an item of a tenant's quarantine.
    pub(super) fn quarantined(&mut self, tenant: usize, item: &Quarantined) {
        let id = item.attributes.get("record_id").map_or("", String::as_str);
        let Some(index) = self.owned(tenant, id, "in quarantine") else {
            return;
        };
        self.sightings[index].quarantined = true;
        self.sightings[index].seen_at.get_or_insert_with(Utc::now);
        self.reasons.insert(index, item.reason.clone());
    }

    /// Adds a tenant that could not be read to the end.
    pub(super) fn unreadable(&mut self, tenant: usize, why: String) {
        self.unreadable.insert((self.plan.tenant(tenant), String::new()), why);
    }

    /// Adds a stored record whose document could not be read.
    pub(super) fn unreadable_document(&mut self, index: usize, why: String) {
        let tenant = self.plan.tenant(self.plan.tenant_of(index));
        self.unreadable.insert((tenant, self.plan.log_id(index)), why);
    }

    /// Adds a record whose content differs from what was sent.
    pub(super) fn wrong_content(&mut self, index: usize, detail: String) {
        self.wrong.entry(index).or_insert(detail);
    }

    /// Whether the listing alone shows that an item is stored. A record of several parts is listed
    /// as soon as its first part is stored.
    pub(super) fn is_sure(item: &Item) -> bool {
        item.processed_at.is_some() && item.parts.is_none_or(|parts| parts <= 1)
    }

    /// How many promised records are stored or in quarantine.
    pub(super) fn settled(&self) -> usize {
        self.promised().filter(|(_, s, _)| s.is_settled()).count()
    }

    /// How many promised records are in neither place.
    pub(super) fn pending(&self) -> usize {
        self.promised().filter(|(_, s, _)| !s.is_settled()).count()
    }

    /// Whether every tenant was read to the end.
    pub(super) fn is_complete(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// The records that are stored.
    pub(super) fn stored(&self) -> Vec<usize> {
        let all = self.sightings.iter().enumerate();
        all.filter(|(_, s)| s.place == Place::Stored).map(|(index, _)| index).collect()
    }

    /// How many stored records were sent and never answered 202, which is not wrong.
    pub(super) fn stored_without_promise(&self) -> usize {
        let stored = self.stored().into_iter();
        stored.filter(|&i| matches!(self.outcomes[i], Outcome::Refused { .. })).count()
    }

    /// The time from each 202 until the record was stored, and whether the document gave it.
    pub(super) fn times_to_stored(&self) -> impl Iterator<Item = (TimeDelta, bool)> + '_ {
        self.promised().filter(|(_, s, _)| s.place == Place::Stored).filter_map(
            |(_, sighting, accepted_at)| {
                let moment = sighting.processed_at.or(sighting.seen_at)?;
                let passed = (moment - accepted_at).max(TimeDelta::zero());
                Some((passed, sighting.processed_at.is_some()))
            },
        )
    }

    /// How far the server's clock is ahead of this one, at least; negative if it is behind.
    pub(super) fn clock_difference(&self) -> TimeDelta {
        self.clock.difference()
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

    /// The number of the record `id` if it belongs to this tenant. If not, it is added as
    /// unexpected or misplaced.
    fn owned(&mut self, tenant: usize, id: &str, where_: &str) -> Option<usize> {
        let name = self.plan.tenant(tenant);
        let Some(index) = self.plan.index_of(id) else {
            let detail = format!("{where_}, but not a record of this run");
            self.unexpected.insert((name, id.to_owned()), detail);
            return None;
        };
        if self.plan.tenant_of(index) != tenant {
            self.misplaced.entry(index).or_default().insert(name);
            return None;
        }
        if matches!(self.outcomes[index], Outcome::NotDue | Outcome::HeldBack) {
            let detail = format!("{where_}, but never sent");
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

    /// A record in another tenant is not missing: it is reported as misplaced.
    fn missing(&self) -> Vec<Finding> {
        self.promised()
            .filter(|(index, sighting, _)| {
                !sighting.is_settled() && !self.misplaced.contains_key(index)
            })
            .map(|(index, sighting, _)| self.finding(index, sighting.why_missing()))
            // Nothing is known about a tenant that could not be read.
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

/// Findings about records that may not be of this run.
fn foreign(findings: &BTreeMap<(String, String), String>) -> Vec<Finding> {
    let finding = |((tenant, log_id), detail): (&(String, String), &String)| Finding {
        tenant: tenant.clone(),
        log_id: log_id.clone(),
        detail: detail.clone(),
    };
    findings.iter().map(finding).collect()
}
