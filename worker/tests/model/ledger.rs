//! The model: what was sent, and what must therefore be in the store when all is delivered.
//!
//! Each message that was accepted is stored, or it is in quarantine. The counts are those of the stored
//! messages, each once, and of the records that an operator removed without their counts.

use std::collections::{BTreeMap, BTreeSet};

use common::broker::Message;
use common::event::Event;
use common::path::{Collection, DocumentPath};
use common::record::{Kind, Record};
use common::retention::Keep;
use common::rollup::{self, LogDimensions};
use common::standing;
use common::store::{Fields, Value, Write};
use common::text::redact::redact;
use common::{access_log, quarantine};

use crate::broker::Published;
use crate::documents::Documents;

/// All of a record is kept, without end.
const KEEP: Keep = Keep { original: true, days: None };
/// The fields that differ when a record is sent, or worked on, once more.
const TIMES: [&str; 2] = ["received_at", "processed_at"];

/// What was sent, and what became of it as far as anybody knows.
#[derive(Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    /// What counts although an operator removed its document.
    removed: Vec<Record>,
}

/// One message, as often as it was sent.
struct Entry {
    message: Message,
    record: Record,
    is_acknowledged: bool,
    /// An operator removed it after it was acknowledged, so it need not be anywhere.
    is_gone: bool,
}

impl Entry {
    fn new(message: Message) -> Self {
        let record = Record::try_from(&message).expect("the gateway's messages are records");
        Self { message, record, is_acknowledged: false, is_gone: false }
    }

    /// The document that says that the message is stored.
    fn gate(&self) -> DocumentPath {
        gate(&self.record)
    }

    fn aside(&self) -> DocumentPath {
        quarantine::path(&self.message, &self.message.data)
    }
}

fn gate(record: &Record) -> DocumentPath {
    let own = standing::path(record);
    if record.part.is_whole() { own } else { own.part(record.part.number) }
}

impl Ledger {
    /// Notes what a request published, and whether it was accepted.
    pub(crate) fn publish(&mut self, published: Published, is_accepted: bool) {
        let Published { asked, durable } = published;
        let binding = if is_accepted { asked } else { durable };
        self.entries.extend(binding.into_iter().map(Entry::new));
    }

    /// Notes a message that an operator published.
    pub(crate) fn replay(&mut self, message: Message) {
        self.entries.push(Entry::new(message));
    }

    /// A message that was sent before.
    pub(crate) fn message(&self, number: usize) -> Option<Message> {
        let number = number % self.entries.len().max(1);
        self.entries.get(number).map(|entry| entry.message.clone())
    }

    /// Notes that the queue has forgotten this message.
    pub(crate) fn acknowledge(&mut self, message: &Message) {
        let is_it = |entry: &&mut Entry| !entry.is_acknowledged && entry.message == *message;
        if let Some(entry) = self.entries.iter_mut().find(is_it) {
            entry.is_acknowledged = true;
        }
    }

    /// Notes that an operator removes the record at `path`. Returns its documents.
    pub(crate) fn remove(&mut self, path: &DocumentPath, found: &Documents) -> Vec<DocumentPath> {
        let of_record = |entry: &&Entry| standing::path(&entry.record) == *path;
        let stored: BTreeMap<_, _> = self
            .stored(found)
            .filter(of_record)
            .map(|entry| (entry.gate(), entry.record.clone()))
            .collect();
        let documents: BTreeSet<_> = stored.keys().cloned().chain([path.clone()]).collect();
        self.removed.extend(stored.into_values());
        self.let_go(|record| standing::path(record) == *path);
        documents.into_iter().collect()
    }

    /// Notes that an operator removes a tenant.
    pub(crate) fn remove_tenant(&mut self, tenant: &str) {
        self.removed.retain(|record| record.tenant.as_str() != tenant);
        self.let_go(|record| record.tenant.as_str() == tenant);
    }

    /// What is not acknowledged comes again.
    fn let_go(&mut self, is_removed: impl Fn(&Record) -> bool) {
        let gone = |entry: &&mut Entry| entry.is_acknowledged && is_removed(&entry.record);
        self.entries.iter_mut().filter(gone).for_each(|entry| entry.is_gone = true);
    }

    fn stored<'l>(&'l self, found: &'l Documents) -> impl Iterator<Item = &'l Entry> {
        self.entries.iter().filter(|entry| is_stored(&entry.record, found))
    }

    /// Compares the model with what is in the store.
    pub(crate) fn check(&self, found: &Documents) -> Result<(), String> {
        self.check_ends(found)?;
        self.check_nothing_is_invented(found)?;
        self.check_counts(found)?;
        let records: BTreeMap<_, _> = self
            .stored(found)
            .map(|entry| (standing::path(&entry.record), &entry.record))
            .collect();
        records.into_values().try_for_each(|record| self.check_document(record, found))
    }

    /// Every message has an end, and one end only unless it was sent again after that.
    fn check_ends(&self, found: &Documents) -> Result<(), String> {
        for entry in &self.entries {
            let name = entry.gate();
            let is_stored = is_stored(&entry.record, found);
            let is_aside = found.get(&entry.aside()).is_some();
            if !is_stored && !is_aside && !entry.is_gone {
                return Err(format!("{name} is lost"));
            }
            // Of a text that could not be completed, a part waits in quarantine for a redrive.
            let may_be_both = is_part_of_a_text(&entry.record) || self.copies_of(entry) > 1;
            if is_stored && is_aside && !may_be_both {
                return Err(format!("{name} is stored and in quarantine"));
            }
        }
        Ok(())
    }

    fn copies_of(&self, entry: &Entry) -> usize {
        self.entries.iter().filter(|other| other.aside() == entry.aside()).count()
    }

    fn check_nothing_is_invented(&self, found: &Documents) -> Result<(), String> {
        let mut known: BTreeSet<String> = self.counts(found).into_keys().collect();
        for entry in &self.entries {
            let places = [entry.gate(), entry.aside(), standing::path(&entry.record)];
            known.extend(places.iter().map(ToString::to_string));
        }
        match found.all().find(|(path, _)| !known.contains(*path)) {
            Some((path, fields)) => Err(format!("nobody sent {path}: {fields:?}")),
            None => Ok(()),
        }
    }

    fn check_counts(&self, found: &Documents) -> Result<(), String> {
        for (path, expected) in self.counts(found) {
            let stored = found.at(&path);
            if stored != Some(&expected) {
                return Err(format!("{path} is {stored:?}, and should be {expected:?}"));
            }
        }
        self.check_events_one_by_one(found)
    }

    /// Rollups and visitors, made from the stored messages and nothing else.
    fn counts(&self, found: &Documents) -> BTreeMap<String, Fields> {
        let stored: BTreeMap<_, _> =
            self.stored(found).map(|entry| (entry.gate(), &entry.record)).collect();
        let mut counts = BTreeMap::new();
        for write in stored.into_values().chain(&self.removed).flat_map(counted) {
            apply(&mut counts, write);
        }
        counts
    }

    /// The same for the number of views, without the code that lays counts out.
    fn check_events_one_by_one(&self, found: &Documents) -> Result<(), String> {
        let removed = self.removed.iter().filter(|record| record.kind == Kind::Event).count();
        let events = found.of(Collection::Events).count() + removed;
        let is_total = |fields: &&Fields| {
            let text = |name: &str| fields.get(name).and_then(Value::as_text);
            text("dimension") == Some("event_type") && text("grain") == Some("all")
        };
        let totals = found.of(Collection::Rollups).map(|(_, fields)| fields).filter(is_total);
        let views: i64 = totals.map(|fields| number(fields, "count")).sum();
        let is_right = usize::try_from(views).is_ok_and(|views| views == events);
        is_right.then_some(()).ok_or_else(|| format!("{views} views of {events} events"))
    }

    /// Compares the record's own document.
    fn check_document(&self, record: &Record, found: &Documents) -> Result<(), String> {
        let path = standing::path(record);
        let Some(own) = found.get(&path) else { return Ok(()) };
        let (parts, of) = (self.parts(record, found), record.part.of as usize);
        let is_right = match record.kind {
            Kind::Event => same_but_for_times(own, &event(record).fields(record, KEEP)),
            Kind::AccessLog => number(own, "entries") == entries_of(&parts),
            Kind::Text if parts.len() < of => !own.contains_key("processed_at"),
            Kind::Text if own.contains_key("processed_at") => is_redacted(own, &parts),
            Kind::Text => self.awaits_redrive(&parts, found),
        };
        let done = if record.part.is_whole() && record.kind != Kind::AccessLog {
            of
        } else {
            usize::try_from(number(own, "parts_done")).unwrap_or(0)
        };
        if is_right && done == parts.len() {
            return Ok(());
        }
        Err(format!("{path} has {} of {of} parts: {own:?}", parts.len()))
    }

    /// Whether a part is in quarantine, so that a redrive completes the text.
    fn awaits_redrive(&self, parts: &[&Record], found: &Documents) -> bool {
        let is_one = |part: &&Record, other: &Record| {
            (gate(part), &part.digest) == (gate(other), &other.digest)
        };
        let is_of_text = |entry: &&Entry| parts.iter().any(|part| is_one(part, &entry.record));
        let mut entries = self.entries.iter().filter(is_of_text);
        entries.any(|entry| found.get(&entry.aside()).is_some())
    }

    /// The stored parts of the record, in order.
    fn parts<'l>(&'l self, record: &Record, found: &'l Documents) -> Vec<&'l Record> {
        let own = standing::path(record);
        let of_record = self.stored(found).filter(|entry| standing::path(&entry.record) == own);
        let parts: BTreeMap<_, _> =
            of_record.map(|entry| (entry.record.part.number, &entry.record)).collect();
        parts.into_values().collect()
    }
}

fn is_part_of_a_text(record: &Record) -> bool {
    record.kind == Kind::Text && !record.part.is_whole()
}

/// Whether this content is what the store has at its id.
fn is_stored(record: &Record, found: &Documents) -> bool {
    let has_digest = |path: &DocumentPath| {
        let digest = found.get(path).and_then(|fields| fields.get("digest"));
        digest.and_then(Value::as_text) == Some(&record.digest)
    };
    has_digest(&standing::path(record)) && has_digest(&gate(record))
}

fn event(record: &Record) -> Event {
    serde_json::from_str(&record.data).expect("an event")
}

fn counted(record: &Record) -> Vec<Write> {
    let tenant = &record.tenant;
    match record.kind {
        Kind::Event => rollup::of_event(tenant, &event(record), 0),
        Kind::AccessLog => {
            let entries = access_log::entries(&record.data).expect("entries");
            rollup::of_entries(tenant, &entries, LogDimensions::ALL, 0)
        }
        Kind::Text => Vec::new(),
    }
}

fn apply(counts: &mut BTreeMap<String, Fields>, write: Write) {
    let document = counts.entry(write.path().to_string()).or_default();
    match write {
        Write::Upsert { fields, .. } => document.extend((*fields).clone()),
        Write::Increment { fields, by, .. } => {
            document.extend((*fields).clone());
            for (name, amount) in by {
                let sum = number(document, &name) + amount;
                document.insert(name.into_owned(), sum.into());
            }
        }
        write => panic!("a count neither creates nor deletes: {write:?}"),
    }
}

fn number(fields: &Fields, name: &str) -> i64 {
    fields.get(name).and_then(Value::as_integer).unwrap_or(0)
}

fn same_but_for_times(one: &Fields, other: &Fields) -> bool {
    let without = |fields: &Fields| {
        let mut fields = fields.clone();
        TIMES.iter().for_each(|name| drop(fields.remove(*name)));
        fields
    };
    without(one) == without(other)
}

fn entries_of(parts: &[&Record]) -> i64 {
    parts.iter().map(|part| part.data.lines().count() as i64).sum()
}

fn is_redacted(own: &Fields, parts: &[&Record]) -> bool {
    let whole: String = parts.iter().map(|part| part.data.as_str()).collect();
    own.get("modified_data").and_then(Value::as_text) == Some(&redact(&whole).text)
}
