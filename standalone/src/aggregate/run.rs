//! A recount: the first read finds out which messages count, the second counts them.

use std::sync::{Mutex, PoisonError};

use common::message::attribute;
use common::metrics::CORRUPT_INPUTS;
use common::rollup::LogDimensions;

use super::compare::{Comparison, Difference, Name};
use super::identity::Identity;
use super::ledger::{Ledger, Place};
use super::report::Inputs;
use super::share::Share;
use super::source::{Position, Source};
use super::survey::{Standing, Survey};
use super::tally::Tally;
use crate::archive::{Corrupt, Input, Line};

/// The result of a recount.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) inputs: Inputs,
    pub(super) tally: Tally,
    /// The differing messages; the counts are not compared yet.
    pub(super) comparison: Comparison,
    pub(super) survey: Survey,
}

impl Outcome {
    /// Before anything was read.
    pub(super) fn of(source: &Source) -> Self {
        let (files, bytes) = (source.files().len() as u64, source.bytes());
        Self { inputs: Inputs { files, bytes, ..Inputs::default() }, ..Self::default() }
    }

    /// Adds another share, or another thread's counts, except for the survey.
    pub(super) fn add(&mut self, more: Self) {
        self.inputs.add(&more.inputs);
        self.tally.merge(more.tally);
        self.comparison.differences.extend(more.comparison.differences);
        self.comparison.in_work.extend(more.comparison.in_work);
    }
}

/// Reads everything twice to count a share of the records, and calls `done` after each file, both times.
pub(super) fn aggregate(
    source: &Source,
    ledger: Option<&Ledger>,
    share: Share,
    threads: usize,
    done: impl Fn(&Input) + Sync,
) -> Outcome {
    let nothing = Ledger::default();
    let (inputs, survey) = survey(source, ledger.unwrap_or(&nothing), share, threads, &done);
    let take = |part: &mut Part<'_>, at, line| part.take(at, line);
    let new = || Part { survey: &survey, ledger, share, source, outcome: Outcome::default() };
    let parts = source.read(threads, new, take, &done);
    let outcomes: Vec<Outcome> = parts.into_iter().map(|part| part.outcome).collect();
    let mut whole = Outcome { inputs, survey, ..Outcome::default() };
    outcomes.into_iter().for_each(|outcome| whole.add(outcome));
    whole
}

fn survey(
    source: &Source,
    ledger: &Ledger,
    share: Share,
    threads: usize,
    done: impl Fn(&Input) + Sync,
) -> (Inputs, Survey) {
    let survey = Mutex::new(Survey::default());
    let take = |inputs: &mut Inputs, at, item: Result<Line, Corrupt>| match item {
        Ok(line) => {
            let identity = Identity::of(&line.attributes);
            if share.has(identity.record) {
                inputs.messages += u64::from(!source.is_queued(at));
                survey.lock().unwrap_or_else(PoisonError::into_inner).add(&identity, at, ledger);
            }
        }
        Err(corrupt) if share.is_first() => {
            let path = source.path(at);
            tracing::warn!(path, error = &corrupt as &dyn std::error::Error, "skipped");
            CORRUPT_INPUTS.with_label_values(&[corrupt.reason()]).inc();
            *inputs.corrupt.entry(corrupt.reason()).or_default() += 1;
        }
        Err(_) => {}
    };
    let mut inputs = Inputs::default();
    let read = source.read(threads, Inputs::default, take, done);
    read.iter().for_each(|part| inputs.add(part));
    (inputs, survey.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The part that one thread counts.
struct Part<'a> {
    survey: &'a Survey,
    ledger: Option<&'a Ledger>,
    share: Share,
    source: &'a Source,
    outcome: Outcome,
}

impl Part<'_> {
    fn take(&mut self, at: Position, item: Result<Line, Corrupt>) {
        let Ok(line) = item else { return };
        let identity = Identity::of(&line.attributes);
        if !self.share.has(identity.record) {
            return;
        }
        let inputs = &mut self.outcome.inputs;
        match self.survey.standing(&identity, at) {
            Standing::Counts => self.count(&identity, line),
            Standing::Duplicate => inputs.duplicates += u64::from(!self.source.is_queued(at)),
            Standing::Conflict => {
                inputs.conflicts += 1;
                self.place(&identity, &line);
            }
        }
    }

    fn count(&mut self, identity: &Identity, line: Line) {
        match self.place(identity, &line) {
            Some(Place::InWork | Place::Quarantined) => {}
            _ => {
                let ledger = self.ledger.map(|ledger| ledger.dimensions(identity.message));
                let dimensions = ledger.unwrap_or(LogDimensions::ALL);
                match self.outcome.tally.add(identity.record, dimensions, line) {
                    Ok(()) => self.outcome.inputs.counted += 1,
                    Err(_) => self.outcome.inputs.unreadable += 1,
                }
            }
        }
    }

    /// Where the message is, if there is a store; adds it to the comparison.
    fn place(&mut self, identity: &Identity, line: &Line) -> Option<Place> {
        let place = self.ledger?.place(identity.message, line.id);
        let Outcome { inputs, comparison, .. } = &mut self.outcome;
        match place {
            Place::InWork => {
                inputs.in_work += 1;
                comparison.in_work.extend([name(line)]);
            }
            Place::Quarantined => inputs.quarantined += 1,
            Place::Nowhere => comparison.differences.extend([Difference::NotStored(name(line))]),
            Place::Stored => {}
        }
        Some(place)
    }
}

impl Inputs {
    fn add(&mut self, more: &Self) {
        self.messages += more.messages;
        self.counted += more.counted;
        self.duplicates += more.duplicates;
        self.conflicts += more.conflicts;
        self.in_work += more.in_work;
        self.quarantined += more.quarantined;
        self.unreadable += more.unreadable;
        for (reason, count) in &more.corrupt {
            *self.corrupt.entry(reason).or_default() += count;
        }
    }
}

fn name(line: &Line) -> Name {
    let get = |name| line.attributes.get(name).cloned().unwrap_or_default();
    Name {
        tenant: get(attribute::TENANT_ID),
        kind: get(attribute::KIND),
        record_id: get(attribute::RECORD_ID),
        part: get(attribute::PART),
    }
}
