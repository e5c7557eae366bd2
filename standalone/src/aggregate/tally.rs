//! The counts of each tenant, made only from messages.

use std::collections::{BTreeMap, HashMap, HashSet};

use common::access_log;
use common::event::Event;
use common::record::{Kind, Record};
use common::rollup::{self, Key, LogDimensions};
use common::tenant::TenantId;

use crate::archive::Line;

/// The counts, by tenant.
#[derive(Default)]
pub(super) struct Tally(pub(super) BTreeMap<TenantId, Counts>);

/// The counts of one tenant.
#[derive(Default)]
pub(super) struct Counts {
    /// The same numbers as the live rollups.
    pub(super) rollups: HashMap<Key, i64>,
    /// Users by day, or `all`: the first half of the id of each user's document.
    pub(super) visitors: BTreeMap<String, HashSet<u128>>,
    /// What was seen of users, by day: the hash of each user's document and each mark.
    pub(super) marks: BTreeMap<String, HashSet<u128>>,
    /// Texts by their record, so that the parts of a text count once.
    pub(super) texts: HashSet<u128>,
    /// The total length of all texts, in characters.
    pub(super) characters: i64,
}

/// This version does not understand the archived message; it is in quarantine.
pub(super) struct Unreadable;

impl Tally {
    /// Counts a message. Access logs are counted in these `dimensions`; `record` is the hash of its
    /// record.
    pub(super) fn add(
        &mut self,
        record: u128,
        dimensions: LogDimensions,
        line: Line,
    ) -> Result<(), Unreadable> {
        let characters = line.characters;
        let message = line.into_message().map_err(|_| Unreadable)?;
        let read = Record::try_from(&message).map_err(|_| Unreadable)?;
        match read.kind {
            Kind::AccessLog => self.add_entries(&read, dimensions),
            Kind::Event => self.add_event(&read),
            Kind::Text => {
                let characters = characters.unwrap_or_else(|| read.data.chars().count() as u64);
                let counts = self.of(&read.tenant);
                counts.texts.insert(record);
                counts.characters += i64::try_from(characters).unwrap_or(i64::MAX);
                Ok(())
            }
        }
    }

    /// Adds the counts of `other`.
    pub(super) fn merge(&mut self, other: Self) {
        for (tenant, more) in other.0 {
            let counts = self.of(&tenant);
            counts.add(more.rollups.into_iter());
            for (day, users) in more.visitors {
                counts.visitors.entry(day).or_default().extend(users);
            }
            for (day, marks) in more.marks {
                counts.marks.entry(day).or_default().extend(marks);
            }
            counts.texts.extend(more.texts);
            counts.characters += more.characters;
        }
    }

    fn add_entries(
        &mut self,
        record: &Record,
        dimensions: LogDimensions,
    ) -> Result<(), Unreadable> {
        let entries = access_log::entries(&record.data).map_err(|_| Unreadable)?;
        let counts = self.of(&record.tenant);
        counts.add(rollup::counted_of(&entries, dimensions));
        Ok(())
    }

    fn add_event(&mut self, record: &Record) -> Result<(), Unreadable> {
        let event: Event = serde_json::from_str(&record.data).map_err(|_| Unreadable)?;
        let counts = self.of(&record.tenant);
        counts.add(rollup::counted_by(&event).map(|key| (key.owned(), 1)));
        for visit in rollup::visits(&record.tenant, &event) {
            let marks = visit.marks.iter().map(|mark| marked(visit.path.id(), mark));
            if !visit.marks.is_empty() {
                counts.marks.entry(visit.day.clone()).or_default().extend(marks);
            }
            counts.visitors.entry(visit.day).or_default().insert(half(visit.path.id()));
        }
        Ok(())
    }

    fn of(&mut self, tenant: &TenantId) -> &mut Counts {
        // The tenant is usually known, and then needs no clone.
        if !self.0.contains_key(tenant) {
            self.0.insert(tenant.clone(), Counts::default());
        }
        self.0.get_mut(tenant).expect("it was just put in")
    }
}

impl Counts {
    fn add(&mut self, counted: impl Iterator<Item = (Key, i64)>) {
        for (key, by) in counted {
            let count = self.rollups.entry(key).or_default();
            *count = count.saturating_add(by);
        }
    }
}

/// One mark of one visitor.
pub(super) fn marked(visitor: &str, mark: &str) -> u128 {
    common::hash::short(&[visitor, mark])
}

/// The first 16 bytes of a document's id if it is a hash, or else the id's hash.
pub(super) fn half(id: &str) -> u128 {
    let digits = id.get(..32).filter(|_| id.len() == 64);
    digits
        .and_then(|digits| u128::from_str_radix(digits, 16).ok())
        .unwrap_or_else(|| common::hash::short(&[id]))
}
