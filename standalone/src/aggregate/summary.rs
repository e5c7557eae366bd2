//! The few lines that `spillway aggregate` prints.

use std::fmt;
use std::path::Path;

use load::count::count;

use super::report::{Inputs, Report, Tenant};

/// How many differences are printed; the report has all of them.
const PRINTED: usize = 20;

/// What a report says, for people.
pub(super) struct Summary<'a> {
    pub(super) report: &'a Report,
    /// Where the report is.
    pub(super) out: &'a Path,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { inputs, tenants, comparison } = self.report;
        writeln!(f, "{}", read(inputs))?;
        for (name, tenant) in tenants {
            writeln!(f, "{name}: {}", counted(tenant))?;
        }
        if let Some(comparison) = comparison {
            let differences = &comparison.differences;
            writeln!(f, "compared with the store: {}", compared(differences.len(), inputs))?;
            for difference in differences.iter().take(PRINTED) {
                writeln!(f, "  {}", serde_json::json!(difference))?;
            }
        }
        writeln!(f, "the report is in {}", self.out.display())
    }
}

fn read(inputs: &Inputs) -> String {
    let corrupt: u64 = inputs.corrupt.values().sum();
    format!(
        "{} with {}: {} counted, {}, {}, {} unreadable; {} skipped",
        count(inputs.files, "file", "files"),
        count(inputs.messages, "message", "messages"),
        inputs.counted,
        count(inputs.duplicates, "duplicate", "duplicates"),
        count(inputs.conflicts, "conflict", "conflicts"),
        inputs.unreadable,
        count(corrupt, "corrupt line or file", "corrupt lines and files"),
    )
}

fn counted(Tenant { events, requests, texts }: &Tenant) -> String {
    format!(
        "{}, {} of {}, {} of {}",
        count(requests.total(), "request", "requests"),
        count(events.total, "event", "events"),
        count(events.unique_users, "user", "users"),
        count(texts.texts, "text", "texts"),
        count(texts.characters, "character", "characters"),
    )
}

fn compared(differences: usize, inputs: &Inputs) -> String {
    format!(
        "{}; {} in quarantine, {} in work",
        count(differences, "difference", "differences"),
        count(inputs.quarantined, "message", "messages"),
        inputs.in_work,
    )
}

#[cfg(test)]
mod tests {
    use super::super::compare::Comparison;
    use super::super::tally::Tally;
    use super::*;

    fn summary(inputs: Inputs) -> String {
        let report = Report::new(inputs, &Tally::default(), Some(Comparison::default()));
        Summary { report: &report, out: Path::new("report.json") }.to_string()
    }

    #[test]
    fn one_of_anything_is_singular() {
        let inputs = Inputs {
            files: 1,
            messages: 1,
            duplicates: 1,
            conflicts: 1,
            corrupt: [("line", 1)].into(),
            quarantined: 1,
            ..Inputs::default()
        };
        assert_eq!(
            summary(inputs),
            "1 file with 1 message: 0 counted, 1 duplicate, 1 conflict, 0 unreadable; \
             1 corrupt line or file skipped\n\
             compared with the store: 0 differences; 1 message in quarantine, 0 in work\n\
             the report is in report.json\n"
        );
    }

    #[test]
    fn more_or_none_are_plural() {
        let told = summary(Inputs { files: 2, conflicts: 2, quarantined: 2, ..Inputs::default() });
        assert!(told.starts_with("2 files with 0 messages: 0 counted, 0 duplicates, "), "{told}");
        assert!(told.contains("2 messages in quarantine"), "{told}");
    }
}
