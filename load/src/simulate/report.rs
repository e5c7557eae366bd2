//! The report of a simulation, as people read it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::count::{Counted, Difference, Grain};
use super::scenario::{MINUTES, Scenario};
use super::send::Sending;
use crate::count::count;

/// How many differences are printed.
const PRINTED: usize = 20;

/// What a simulation found.
pub(super) struct Report {
    pub(super) seed: u64,
    pub(super) batches: usize,
    pub(super) entries: usize,
    pub(super) sending: Sending,
    pub(super) kill: Kill,
    pub(super) customers: Vec<Row>,
    pub(super) differences: Vec<Difference>,
    /// Why messages are in quarantine, by customer.
    pub(super) quarantined: Vec<(String, String)>,
    pub(super) took: Duration,
    /// Where the server's data is, if it was kept.
    pub(super) kept: Option<PathBuf>,
}

/// What became of the kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kill {
    /// The server was killed with this many messages in its queue or in work.
    Killed { in_work: u64 },
    /// The deployment was named, and is not the simulation's to kill.
    NotOurs,
}

/// The numbers of a customer.
pub(super) struct Row {
    pub(super) customer: String,
    pub(super) batches: usize,
    pub(super) duplicates: usize,
    pub(super) entries: i64,
    pub(super) counted: i64,
}

impl Row {
    /// The batches of customer `n`, nothing counted yet.
    pub(super) fn of(scenario: &Scenario, n: usize) -> Self {
        Self {
            customer: scenario.customers[n].clone(),
            batches: scenario.batches_of(n).count(),
            duplicates: scenario.sent_again(n),
            entries: 0,
            counted: 0,
        }
    }
}

impl Report {
    /// Whether every window is right, and nothing was refused or quarantined.
    pub(super) fn is_well(&self) -> bool {
        let Self { sending, differences, quarantined, .. } = self;
        sending.refused.is_empty() && differences.is_empty() && quarantined.is_empty()
    }

    /// A report about the scenario without any finding.
    pub(super) fn of(scenario: &Scenario, sending: Sending, kill: Kill) -> Self {
        Self {
            seed: scenario.seed,
            batches: scenario.batches.len(),
            entries: scenario.entries(),
            sending,
            kill,
            customers: Vec::new(),
            differences: Vec::new(),
            quarantined: Vec::new(),
            took: Duration::ZERO,
            kept: None,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary(f)?;
        self.table(f)?;
        self.findings(f)?;
        self.verdict(f)
    }
}

impl Report {
    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, batches, entries, sending, .. } = self;
        let customers = count(self.customers.len(), "customer", "customers");
        writeln!(
            f,
            "{customers}, {batches} batches, {entries} entries in {MINUTES} minutes; seed {seed}\n"
        )?;
        let twice = sending.requests - batches;
        line(f, "sent", &format!("{} requests, {twice} of them duplicates", sending.requests))?;
        match self.kill {
            Kill::NotOurs => line(f, "killed", "nothing: --target names a server that is not ours"),
            Kill::Killed { in_work } => {
                let in_work = count(in_work, "message in flight", "messages in flight");
                line(f, "killed", &format!("the server, with {in_work}; started again"))
            }
        }?;
        let again = count(sending.tries_again, "time", "times");
        line(f, "sent again", &format!("{again}, after no answer or a 503"))?;
        line(f, "compared", "every minute, hour and day: requests, paths, user agents")
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |row: &Row| row.customer.chars().count();
        let width = self.customers.iter().map(name).max().unwrap_or(0).max("customer".len());
        writeln!(
            f,
            "\n{:<width$}  {:>7}  {:>10}  {:>7}  {:>7}",
            "customer", "batches", "duplicates", "entries", "counted"
        )?;
        for Row { customer, batches, duplicates, entries, counted } in &self.customers {
            writeln!(
                f,
                "{customer:<width$}  {batches:>7}  {duplicates:>10}  {entries:>7}  {counted:>7}"
            )?;
        }
        writeln!(f)
    }

    fn findings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for answer in &self.sending.refused {
            writeln!(f, "not answered 202: {}", printable(answer))?;
        }
        for (customer, why) in &self.quarantined {
            writeln!(f, "in quarantine: {customer}, {}", printable(why))?;
        }
        for difference in self.differences.iter().take(PRINTED) {
            writeln!(f, "{difference}")?;
        }
        match self.differences.len().saturating_sub(PRINTED) {
            0 => Ok(()),
            more => writeln!(f, "and {more} more"),
        }
    }

    fn verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = self.took.as_secs_f64();
        if self.is_well() {
            let well = "every window that is served has what was sent, counted once";
            return writeln!(f, "All is well: {well}. It took {took:.1} s.");
        }
        let wrong = count(self.differences.len(), "count differs", "counts differ");
        writeln!(f, "Something is wrong: {wrong}. It took {took:.1} s.")?;
        self.kept.iter().try_for_each(|folder| {
            writeln!(f, "The server's data are kept in {}.", folder.display())
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { customer, grain, start, what, sent, served } = self;
        let start = match grain {
            Grain::Day => start.format("%Y-%m-%d"),
            Grain::Hour | Grain::Minute => start.format("%Y-%m-%dT%H:%MZ"),
        };
        let what = match what {
            Counted::Requests => "requests".to_owned(),
            Counted::Path(path) => printable(path),
            Counted::UserAgent(family) => printable(family),
        };
        let grain = grain.as_str();
        write!(f, "{customer}, {grain} {start}, {what}: {served} served, {sent} sent")
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    writeln!(f, "{name:<12}{value}")
}

/// Text from a server, with its control characters escaped: it must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.into() })
        .collect()
}
