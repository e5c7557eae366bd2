//! The report that the embedded server keeps up to date.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::metrics::{AGGREGATIONS, CORRUPT_INPUTS, begin_at_zero};
use common::program::chain;
use thiserror::Error;
use tokio::sync::oneshot;

use super::report::Report;
use super::rows;
use super::running_totals::{RunningTotals, TotalsError};
use crate::archive::Corrupt;

/// How many times longer than the work the pause is: the work takes at most a tenth of one
/// processor.
const REST: u32 = 9;

/// Keeps a report up to date.
#[derive(Clone)]
pub(crate) struct KeptReport {
    /// The archive's folder.
    pub(crate) archive: PathBuf,
    /// The file that keeps what was counted so far.
    pub(crate) totals: PathBuf,
    /// Where the report goes.
    pub(crate) report: PathBuf,
    /// Where the same counts go as rows.
    pub(crate) rows: PathBuf,
    /// The least time between two reports.
    pub(crate) every: Duration,
}

/// Why there is no new report.
#[derive(Debug, Error)]
enum KeptReportError {
    #[error(transparent)]
    Totals(#[from] TotalsError),
    #[error("cannot write {0}")]
    Report(PathBuf, #[source] io::Error),
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
    #[error("counting was interrupted")]
    BrokenOff(#[from] oneshot::error::RecvError),
}

impl KeptReport {
    /// Never returns; drop it to end it.
    pub(crate) async fn run(self) {
        begin_at_zero(&AGGREGATIONS, &[&["written", "unchanged", "failed"]]);
        begin_at_zero(&CORRUPT_INPUTS, &[&Corrupt::REASONS]);
        // The previous process may have ended between counting and writing.
        let (mut is_current, mut rest) = (false, self.every);
        loop {
            tokio::time::sleep(rest).await;
            let began = Instant::now();
            let aggregated = self.aggregate(is_current).await;
            is_current = aggregated.is_ok();
            let outcome = match aggregated {
                Ok(true) => "written",
                Ok(false) => "unchanged",
                Err(error) => {
                    let error = chain(&error);
                    tracing::warn!(error, "cannot recount the archive; retrying later");
                    "failed"
                }
            };
            AGGREGATIONS.with_label_values(&[outcome]).inc();
            rest = self.every.max(began.elapsed() * REST);
        }
    }

    /// Runs on its own thread, which ends with the process.
    async fn aggregate(&self, is_current: bool) -> Result<bool, KeptReportError> {
        let kept = self.clone();
        let (told, answer) = oneshot::channel();
        std::thread::Builder::new()
            .name("aggregate".to_owned())
            .spawn(move || drop(told.send(kept.aggregate_once(is_current))))
            .map_err(KeptReportError::Thread)?;
        answer.await?
    }

    /// Like [`Self::count`], but removes totals that turn out to be damaged, so that the next try
    /// counts the whole archive.
    fn aggregate_once(&self, is_current: bool) -> Result<bool, KeptReportError> {
        let counted = self.count(is_current);
        if let Err(KeptReportError::Totals(error)) = &counted
            && error.is_damage()
        {
            RunningTotals::discard(&self.totals)?;
        }
        counted
    }

    /// Writes a report if the archive has something new, or the last report is not current.
    fn count(&self, is_current: bool) -> Result<bool, KeptReportError> {
        if !self.archive.exists() {
            return Ok(false);
        }
        let mut totals = RunningTotals::open(&self.totals, &self.archive)?;
        if totals.catch_up()? == 0 && is_current {
            return Ok(false);
        }
        let (inputs, totals) = (totals.inputs()?, totals.by_tenant()?);
        let report = Report::of(inputs, &totals, None);
        report.write(&self.report).map_err(KeptReportError::written(&self.report))?;
        rows::write(&totals, &self.rows).map_err(KeptReportError::written(&self.rows))?;
        Ok(true)
    }
}

impl KeptReportError {
    fn written(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| Self::Report(path.to_owned(), error)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::aggregate::tests::{click, line, report};

    /// The page of SQLite's file that says what is in the others.
    const FIRST_PAGE: usize = 4_096;

    #[test]
    fn totals_whose_damage_a_later_statement_finds_are_counted_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let kept = KeptReport {
            archive: at("archive"),
            totals: at("totals.db"),
            report: at("report.json"),
            rows: at("report.ndjson"),
            every: Duration::ZERO,
        };
        fs::create_dir(&kept.archive).expect("a folder");
        let lines: String = (0..50).map(|n| line(&click(&format!("c{n}"), "d", n), n)).collect();
        fs::write(kept.archive.join("1.ndjson"), lines).expect("written");
        assert!(kept.aggregate_once(false).expect("counted"));
        let mut bytes = fs::read(&kept.totals).expect("read");
        assert!(bytes.len() > FIRST_PAGE);
        bytes[FIRST_PAGE..].fill(b'x');
        fs::write(&kept.totals, bytes).expect("written");
        let error = kept.aggregate_once(false).expect_err("damaged");
        assert!(matches!(error, KeptReportError::Totals(_)), "{error:?}");
        assert!(kept.aggregate_once(false).expect("counted anew"));
        let written = fs::read(&kept.report).expect("a report");
        let written: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
        assert_eq!(written, report(&kept.archive, 1));
    }
}
