//! The aggregation that the embedded server runs by itself.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::metrics::AGGREGATIONS;
use tokio::sync::oneshot;

use super::report::Report;
use super::run::{Outcome, aggregate};
use super::source::{Source, fingerprint};

/// However large the archive, aggregating takes a tenth of one processor at most.
const REST: u32 = 9;

/// Writes the report again and again.
pub(crate) struct Live {
    /// The archive's folder.
    pub(crate) archive: PathBuf,
    /// Where the report goes.
    pub(crate) report: PathBuf,
    /// Least time between two.
    pub(crate) every: Duration,
}

/// What the archive was like when it was aggregated.
type Fingerprint = BTreeMap<PathBuf, u64>;

impl Live {
    /// Never returns; drop it to end it.
    pub(crate) async fn run(self) {
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
                    tracing::warn!(%error, "the archive was not aggregated");
                    "failed"
                }
            };
            AGGREGATIONS.with_label_values(&[outcome]).inc();
            rest = self.every.max(began.elapsed() * REST);
        }
    }

    /// On a thread of its own that nobody waits for: when the process ends, so does it.
    async fn aggregate(&self, last: Fingerprint) -> io::Result<Option<Fingerprint>> {
        let (archive, report) = (self.archive.clone(), self.report.clone());
        let (told, answer) = oneshot::channel();
        std::thread::Builder::new().name("aggregate".to_owned()).spawn(move || {
            drop(told.send(aggregate_once(&archive, &report, &last)));
        })?;
        answer.await.map_err(io::Error::other)?
    }
}

/// The archive only grows, so the same files of the same length are the same archive.
fn aggregate_once(
    archive: &Path,
    report: &Path,
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
    Ok(Some(now))
}
