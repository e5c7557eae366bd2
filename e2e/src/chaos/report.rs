//! The report, as a table in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::books::Books;
use super::schedule::{Act, Fault, Mode, Process, Side, Step};
use super::traffic::Traffic;
use crate::line::Trouble;

/// What a run in one mode came to.
#[derive(Debug)]
pub struct Outcome {
    /// Where it ran.
    pub mode: Mode,
    pub(super) steps: Vec<Step>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) absorbed: usize,
    /// What was accepted, stored and counted.
    pub books: Books,
    pub(super) took: Duration,
}

impl Act {
    fn name(self) -> String {
        match self {
            Self::Kill(Process::Spillway) => "kills of `spillway`".to_owned(),
            Self::Kill(Process::Gateway) => "kills of the gateway".to_owned(),
            Self::Kill(Process::Worker) => "kills of the worker".to_owned(),
            Self::Begin(..) => self.trouble().unwrap_or_default(),
        }
    }

    /// The name of a trouble.
    pub(super) fn trouble(self) -> Option<String> {
        let Self::Begin(side, fault, _) = self else { return None };
        let side = if side == Side::Broker { "broker" } else { "store" };
        Some(format!("troubles of the {side}: {}", fault.name()))
    }
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::Held => "another process holds its file",
            Self::Forgotten => "connections die unnoticed",
            Self::Line(Trouble::None) => "none",
            Self::Line(Trouble::Down) => "down",
            Self::Line(Trouble::Silent) => "stands still",
            Self::Line(Trouble::Slow(_)) => "slow",
            Self::Line(Trouble::Aborted) => "refuses half of the calls",
            Self::Line(Trouble::AnswersLost) => "answers are lost",
            Self::Line(Trouble::SomeAnswersLost) => "half of the answers are lost",
        }
    }
}

impl Outcome {
    /// Its rows: what they say, and the value.
    fn rows(&self) -> Vec<(String, String)> {
        let mut acts: BTreeMap<String, usize> = BTreeMap::new();
        for step in &self.steps {
            *acts.entry(step.act.name()).or_default() += 1;
        }
        let acts = acts.into_iter().map(|(name, count)| (name, count.to_string()));
        acts.chain(self.results().map(|(name, value)| (name.to_owned(), value))).collect()
    }

    fn results(&self) -> [(&'static str, String); 14] {
        let Self { books, traffic, .. } = self;
        let [refused, unanswered] = traffic.sent_again();
        let [median, longest] = traffic.recovery();
        let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
        [
            ("kills of a process that had just worked", traffic.killed_at_work().to_string()),
            ("records accepted", books.accepted.to_string()),
            ("of those, stored", books.stored.to_string()),
            ("in quarantine, as two contents have one id", books.quarantined.to_string()),
            ("**lost**", books.lost.len().to_string()),
            ("**double**", books.double.len().to_string()),
            ("**counts that are wrong**", books.differences.len().to_string()),
            ("requests answered 503, and sent again", refused.to_string()),
            ("requests without an answer, and sent again", unanswered.to_string()),
            ("duplicates absorbed, at least", self.absorbed.to_string()),
            ("longest answer", seconds(traffic.longest_answer())),
            ("recovery, median", seconds(median)),
            ("recovery, longest", seconds(longest)),
            ("the run took", format!("{:.0} s", self.took.as_secs_f64())),
        ]
    }
}

/// One table of all outcomes.
pub fn table(outcomes: &[Outcome]) -> String {
    let columns: Vec<BTreeMap<String, String>> =
        outcomes.iter().map(|outcome| outcome.rows().into_iter().collect()).collect();
    let mut names: Vec<String> = Vec::new();
    for (name, _) in outcomes.iter().flat_map(Outcome::rows) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // What happened comes before what came of it.
    names.sort_by_key(|name| !(name.starts_with("kills") || name.starts_with("troubles")));
    let modes: Vec<&str> = outcomes.iter().map(|outcome| outcome.mode.name()).collect();
    let mut table = format!("| | {} |\n|---|{}\n", modes.join(" | "), "---|".repeat(modes.len()));
    for name in names {
        let values = columns.iter().map(|column| column.get(&name).map_or("", String::as_str));
        let values: Vec<&str> = values.collect();
        writeln!(table, "| {name} | {} |", values.join(" | ")).expect("a string takes it");
    }
    table
}
