//! What a flood sends. Each record is a function of the seed, the run and its number, so no text is
//! kept in memory and a run can be repeated.

use std::ops::RangeInclusive;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::text;

/// On average, one record in this many is large.
const LARGE_EVERY: u32 = 100;

/// Decides what is sent, and when.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The run's name, which keeps its tenants and ids apart from other runs.
    pub(super) run: String,
    /// The same seed makes the same formats and texts.
    pub(super) seed: u64,
    /// How many records to send.
    pub(super) records: usize,
    /// How many tenants take turns.
    pub(super) tenants: usize,
    /// The time between two records.
    pub(super) interval: Duration,
    /// The length of an ordinary text, in characters.
    pub(super) characters: RangeInclusive<usize>,
    /// The longest large text, in characters.
    pub(super) large_characters: usize,
}

/// The two ways to post a record to `/ingest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A JSON object.
    Json,
    /// Plain text, with the ids in headers.
    Text,
}

impl Format {
    /// The stored document's `source`.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Json => "json_upload",
            Self::Text => "text_upload",
        }
    }
}

/// A record as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlannedRecord {
    pub(super) tenant: String,
    pub(super) log_id: String,
    pub(super) format: Format,
    pub(super) text: String,
}

impl Plan {
    /// When record `index` is due, from the start.
    pub(super) fn due(&self, index: usize) -> Duration {
        self.interval.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The name of tenant `n`, counted from zero.
    pub(super) fn tenant(&self, n: usize) -> String {
        format!("flood-{}-{}", self.run, n + 1)
    }

    /// The number of the tenant that record `index` belongs to.
    pub(super) fn tenant_of(&self, index: usize) -> usize {
        index % self.tenants
    }

    /// The id of record `index`. It starts at random, because the store would write growing ids to
    /// one spot, and ends with the number, so that the record can be found again.
    pub(super) fn log_id(&self, index: usize) -> String {
        self.log_id_from(&mut self.dice(index), index)
    }

    /// How record `index` is posted.
    pub(super) fn format(&self, index: usize) -> Format {
        let mut dice = self.dice(index);
        self.log_id_from(&mut dice, index);
        Self::format_from(&mut dice)
    }

    /// Record `index`, always the same.
    pub(super) fn record(&self, index: usize) -> PlannedRecord {
        let mut dice = self.dice(index);
        PlannedRecord {
            tenant: self.tenant(self.tenant_of(index)),
            log_id: self.log_id_from(&mut dice, index),
            format: Self::format_from(&mut dice),
            text: self.text_from(&mut dice),
        }
    }

    /// The number of the record with this id, if it is in this plan.
    pub(super) fn index_of(&self, log_id: &str) -> Option<usize> {
        let index = log_id.rsplit('-').next()?.parse().ok()?;
        (index < self.records && self.log_id(index) == log_id).then_some(index)
    }

    fn dice(&self, index: usize) -> StdRng {
        // One generator per record, so that any record can be made without the earlier ones.
        let record = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        StdRng::seed_from_u64(self.seed ^ record)
    }

    fn log_id_from(&self, dice: &mut StdRng, index: usize) -> String {
        format!("{:08x}-{}-{index}", dice.random::<u32>(), self.run)
    }

    fn format_from(dice: &mut StdRng) -> Format {
        *[Format::Json, Format::Text].choose(dice).unwrap_or(&Format::Json)
    }

    fn text_from(&self, dice: &mut StdRng) -> String {
        let large =
            self.large_characters > *self.characters.end() && dice.random_ratio(1, LARGE_EVERY);
        if large {
            let characters = dice.random_range(self.large_characters / 2..=self.large_characters);
            return text::lines(dice, characters, "\n");
        }
        let characters = dice.random_range(self.characters.clone());
        text::lines(dice, characters, " ")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A plan for tests.
    pub(in crate::flood) fn small_plan(records: usize) -> Plan {
        Plan {
            run: "0badcafe".to_owned(),
            seed: 7,
            records,
            tenants: 4,
            interval: Duration::from_micros(200),
            characters: 30..=120,
            large_characters: 1200,
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_records_and_another_seed_makes_others() {
        let (plan, again) = (small_plan(50), small_plan(50));
        let other = Plan { seed: 8, ..small_plan(50) };
        for index in 0..50 {
            assert_eq!(plan.record(index), again.record(index));
            assert_ne!(plan.record(index).text, other.record(index).text);
        }
    }

    #[test]
    fn every_id_leads_back_to_its_own_number() {
        let plan = small_plan(50);
        for index in 0..50 {
            assert_eq!(plan.index_of(&plan.log_id(index)), Some(index));
            assert_eq!(plan.record(index).log_id, plan.log_id(index));
            assert_eq!(plan.record(index).format, plan.format(index));
        }
        for foreign in
            ["", "-", "3", "00000000-0badcafe-3", "x-99", &format!("{}0", plan.log_id(3))]
        {
            assert_eq!(plan.index_of(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn tenants_take_turns_and_both_formats_occur() {
        let plan = small_plan(100);
        let of_first = (0..100).filter(|&i| plan.record(i).tenant == plan.tenant(0)).count();
        assert_eq!(of_first, 25);
        let json = (0..100).filter(|&i| plan.format(i) == Format::Json).count();
        assert!((20..80).contains(&json), "{json} of 100 are JSON");
    }

    #[test]
    fn texts_have_the_requested_length_and_a_few_are_large() {
        let plan = small_plan(2_000);
        let lengths: Vec<_> = (0..2_000).map(|i| plan.record(i).text.chars().count()).collect();
        let large = lengths.iter().filter(|&&n| n > 120).count();
        assert!(lengths.iter().all(|n| (30..=1200).contains(n)));
        assert!((1..100).contains(&large), "{large} of 2000 are large");
    }

    #[test]
    fn the_schedule_keeps_the_rate() {
        let plan = Plan { interval: Duration::from_millis(60), ..small_plan(1_000) };
        assert_eq!(plan.due(0), Duration::ZERO);
        assert_eq!(plan.due(999), Duration::from_millis(59_940));
    }
}
