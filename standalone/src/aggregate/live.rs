//! The report that the embedded server keeps up to date.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::metrics::{AGGREGATIONS, CORRUPT_INPUTS, begin_at_zero};
use tokio::sync::oneshot;

use super::report::Report;
use super::rows;
use super::run::{Outcome, aggregate};
use super::source::{Source, fingerprint};
use crate::archive::Corrupt;

/// How many times longer the pause is than the work: it takes at most a tenth of one processor.
const REST: u32 = 9;

/// Keeps a report up to date.
#[derive(Clone)]
pub(crate) struct Live {
    /// The archive's folder.
    pub(crate) archive: PathBuf,
    /// Where the report goes.
    pub(crate) report: PathBuf,
    /// Where the same counts go as rows.
    pub(crate) rows: PathBuf,
    /// The least time between two reports.
    pub(crate) every: Duration,
}

/// The length of each file of the archive.
type Fingerprint = BTreeMap<PathBuf, u64>;

impl Live {
    /// Never returns; drop it to end it.
    pub(crate) async fn run(self) {
        begin_at_zero(&AGGREGATIONS, &[&["written", "unchanged", "failed"]]);
        begin_at_zero(&CORRUPT_INPUTS, &[&Corrupt::REASONS]);
        let (mut last, mut rest) = (Fingerprint::new(), self.every);
        loop {
            tokio::time::sleep(rest).await;
            let began = Instant::now();
            let outcome = match self.aggregate(last.clone()).await {
                Ok(Some(now)) => {
                    last = now;
                    "written"
                }
                Ok(None) => "unchanged",
                Err(error) => {
                    tracing::warn!(%error, "cannot recount the archive; retrying later");
                    "failed"
                }
            };
            AGGREGATIONS.with_label_values(&[outcome]).inc();
            rest = self.every.max(began.elapsed() * REST);
        }
    }

    /// Runs on its own thread, which ends with the process.
    async fn aggregate(&self, last: Fingerprint) -> io::Result<Option<Fingerprint>> {
        let Self { archive, report, rows, .. } = self.clone();
        let (told, answer) = oneshot::channel();
        std::thread::Builder::new().name("aggregate".to_owned()).spawn(move || {
            drop(told.send(aggregate_once(&archive, &report, &rows, &last)));
        })?;
        answer.await.map_err(io::Error::other)?
    }
}

/// Does nothing if the archive is unchanged: it only grows, so equal lengths mean equal files.
fn aggregate_once(
    archive: &Path,
    report: &Path,
    table: &Path,
    last: &Fingerprint,
) -> io::Result<Option<Fingerprint>> {
    if !archive.exists() {
        return Ok(None);
    }
    let now = fingerprint(archive)?;
    if now == *last {
        return Ok(None);
    }
    let source = Source::new(archive, Vec::new())?;
    let Outcome { inputs, tally, .. } = aggregate(&source, None, 1, |_| ());
    Report::new(inputs, &tally, None).write(report)?;
    rows::write(&tally, table)?;
    Ok(Some(now))
}
