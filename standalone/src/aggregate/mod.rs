//! `spillway aggregate`: recounts everything from the raw archive, and compares it with the store.

mod balance;
mod compare;
mod identity;
mod kept_report;
mod ledger;
mod report;
mod rows;
mod run;
mod running_totals;
mod share;
mod source;
mod summary;
mod survey;
mod tally;
#[cfg(test)]
mod tests;
mod totals;
mod whole_file;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use common::broker::embedded::{Archivable, QueueError};
use common::config::LogArgs;
use common::store::StoreError;
use common::{program, telemetry};
use indicatif::ProgressBar;
use load::progress::progress;
use thiserror::Error;

pub(crate) use kept_report::KeptReport;

use crate::databases::{self, DatabaseError};
use crate::held_folder;
use balance::balance;
use ledger::Ledger;
use report::Report;
use run::{Outcome, aggregate};
use share::Share;
use source::Source;
use summary::Summary;
use tally::Tally;

/// Recount everything from the raw archive into a report, and compare it with the live store.
///
/// The report is one JSON object with the counts of each tenant and, with --compare, every
/// difference from the store. With --rows, the counts are also written as a table.
///
/// Exit code 0: everything was counted, and with --compare nothing differs. 1: the archive holds no
/// messages, something differs, or something could not be read or written. 2: the archive or the
/// store does not exist, or an option is not valid.
#[derive(Args, Debug)]
pub(crate) struct AggregateArgs {
    /// The archive's folder, or one file in it: NDJSON as the embedded mode writes it
    /// (`DATA_DIR/archive`), or Avro as a Cloud Storage subscription writes it.
    #[arg(long, value_name = "DIR")]
    archive: PathBuf,

    /// Where to write the report, one JSON object [default: report.json beside the archive].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Also write the counts as rows: NDJSON, one line for each count, for DuckDB, pandas and the
    /// like.
    #[arg(long, value_name = "FILE")]
    rows: Option<PathBuf>,

    /// Also compare with the store in the data folder; its server may be running.
    #[arg(long)]
    compare: bool,

    /// The data folder whose store is compared.
    #[arg(long, env = "DATA_DIR", default_value = held_folder::DEFAULT)]
    data_dir: PathBuf,

    /// How many threads read the archive [default: one for each processor].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    #[command(flatten)]
    log: LogArgs,
}

/// Why there is no report.
#[derive(Debug, Error)]
enum AggregateError {
    #[error("cannot read the archive {0}")]
    Archive(PathBuf, #[source] io::Error),
    #[error("there is no store in {0} to compare with; name its data folder with --data-dir")]
    NoStore(PathBuf),
    #[error("cannot read the store")]
    Store(#[from] StoreError),
    #[error("cannot read the queue")]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("cannot write the report {0}")]
    Report(PathBuf, #[source] io::Error),
    #[error("cannot write the rows {0}")]
    Rows(PathBuf, #[source] io::Error),
}

/// There was nothing to count.
#[derive(Debug, Error)]
#[error(
    "there are no messages in the archive {0}; name another one with --archive. A running server \
     archives each message within a second"
)]
struct NoMessages(PathBuf);

/// Recounts, and returns the exit code that the command's help promises.
pub(crate) async fn run(args: AggregateArgs) -> ExitCode {
    telemetry::init(args.log.log_format);
    match report(&args).await {
        Ok(report) => {
            print!("{}", Summary { report: &report, out: &args.out() });
            conclude(&args.archive, &report)
        }
        Err(error) => {
            let usage = matches!(error, AggregateError::Archive(..) | AggregateError::NoStore(_));
            let failure = program::ended(Err(error));
            if usage { ExitCode::from(2) } else { failure }
        }
    }
}

/// Corrupt lines are reported, but only an archive without any message is a failure.
fn conclude(archive: &Path, report: &Report) -> ExitCode {
    if report.inputs.is_empty() {
        return program::ended(Err(NoMessages(archive.to_owned())));
    }
    let compared = report.comparison.as_ref();
    let is_balanced = compared.is_none_or(|comparison| comparison.differences.is_empty());
    if is_balanced { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn report(args: &AggregateArgs) -> Result<Report, AggregateError> {
    let (report, tally) = if args.compare { compared(args).await? } else { counted(args)? };
    let out = args.out();
    report.write(&out).map_err(|error| AggregateError::Report(out, error))?;
    if let Some(path) = &args.rows {
        rows::write(&totals::of(&tally), path)
            .map_err(|error| AggregateError::Rows(path.clone(), error))?;
    }
    Ok(report)
}

fn counted(args: &AggregateArgs) -> Result<(Report, Tally), AggregateError> {
    let source = source(args, Vec::new())?;
    let reader = Reader::new(args, &source);
    let mut whole = Outcome::of(&source);
    for share in Share::all(source.bytes()) {
        whole.add(reader.read(None, share));
    }
    Ok((Report::new(whole.inputs, &whole.tally, None), whole.tally))
}

/// The order of reading makes this exact while the server runs. First comes the work in the queue,
/// then the store as of one moment: a message in neither is lost. Then come the messages that wait
/// for the archive, then the archive: a stored message in neither was never archived.
async fn compared(args: &AggregateArgs) -> Result<(Report, Tally), AggregateError> {
    if !databases::has_store(&args.data_dir) {
        return Err(AggregateError::NoStore(args.data_dir.clone()));
    }
    let peek = databases::peek(&args.data_dir)?;
    let in_work = peek.in_work()?;
    let store = databases::snapshot(&args.data_dir)?;
    let source = source(args, peek.to_archive()?)?;
    let reader = Reader::new(args, &source);
    let shares = Share::all(source.bytes());
    let read = |ledger: &Ledger, share| reader.read(Some(ledger), share);
    let Outcome { inputs, tally, comparison, .. } =
        balance(&source, &store, &in_work, shares, read).await?;
    Ok((Report::new(inputs, &tally, Some(comparison)), tally))
}

fn source(args: &AggregateArgs, queued: Vec<Archivable>) -> Result<Source, AggregateError> {
    Source::new(&args.archive, queued)
        .map_err(|error| AggregateError::Archive(args.archive.clone(), error))
}

/// Reads the archive twice for each share, and shows its progress.
struct Reader<'a> {
    source: &'a Source,
    threads: usize,
    bar: ProgressBar,
}

impl<'a> Reader<'a> {
    fn new(args: &AggregateArgs, source: &'a Source) -> Self {
        let threads = args.threads.map_or_else(all_processors, usize::from);
        let files = Share::all(source.bytes()).count() * 2 * source.files().len();
        Self { source, threads, bar: progress(files, "reading") }
    }

    fn read(&self, ledger: Option<&Ledger>, share: Share) -> Outcome {
        aggregate(self.source, ledger, share, self.threads, |_| self.bar.inc(1))
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn all_processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl AggregateArgs {
    fn out(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| self.archive.with_file_name("report.json"))
    }
}
