//! `spillway aggregate`: counts everything again from the raw archive, and compares it with the
//! live store.

mod compare;
mod identity;
mod ledger;
mod live;
mod report;
mod run;
mod source;
mod survey;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use common::broker::embedded::{Peek, QueueError};
use common::config::LogArgs;
use common::store::StoreError;
use common::store::embedded::Snapshot;
use common::{program, telemetry};
use load::progress::progress;
use thiserror::Error;

pub(crate) use live::Live;

use ledger::Ledger;
use report::Report;
use run::{Outcome, aggregate};
use source::Source;

/// Differences that are printed; the report has them all.
const PRINTED: usize = 20;

#[derive(Args, Debug)]
pub(crate) struct AggregateArgs {
    /// The archive's folder, or one file of it: NDJSON as the embedded mode writes it
    /// (`DATA_DIR/archive`), and Avro as a Cloud Storage subscription does.
    #[arg(long, value_name = "DIR")]
    archive: PathBuf,

    /// Where the report goes: one JSON object, replaced in one step.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Compare with the live store of the data folder too, while its server runs or not; every
    /// difference is in the report.
    #[arg(long)]
    compare: bool,

    /// The folder whose store is compared.
    #[arg(long, env = "DATA_DIR", default_value = "./spillway-data")]
    data_dir: PathBuf,

    /// Threads that read [default: one for each processor].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    #[command(flatten)]
    log: LogArgs,
}

/// Why there is no report.
#[derive(Debug, Error)]
enum AggregateError {
    #[error("the archive {0} cannot be read")]
    Archive(PathBuf, #[source] io::Error),
    #[error("there is no store in {0} to compare with; name its folder by --data-dir")]
    NoStore(PathBuf),
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    #[error("the queue cannot be read")]
    Queue(#[from] QueueError),
    #[error("the report {0} cannot be written")]
    Report(PathBuf, #[source] io::Error),
}

/// Aggregates, and tells by the exit code how it went: 0 all is well, 1 there are differences,
/// or nothing could be read or written, 2 what was asked for is not there.
pub(crate) async fn run(args: AggregateArgs) -> ExitCode {
    telemetry::init(args.log.log_format);
    match report(&args).await {
        Ok(report) => {
            print!("{}", summary(&report, &args.out));
            if is_well(&report) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let usage = matches!(error, AggregateError::Archive(..) | AggregateError::NoStore(_));
            let failure = program::ended(Err(error));
            if usage { ExitCode::from(2) } else { failure }
        }
    }
}

async fn report(args: &AggregateArgs) -> Result<Report, AggregateError> {
    let report = if args.compare { compared(args).await? } else { counted(args)? };
    let written = report.write(&args.out);
    written.map_err(|error| AggregateError::Report(args.out.clone(), error))?;
    Ok(report)
}

fn counted(args: &AggregateArgs) -> Result<Report, AggregateError> {
    let Outcome { inputs, tally, .. } = read(args, Vec::new(), None)?.1;
    Ok(Report::new(inputs, &tally, None))
}

/// The order of looking makes it exact while the server goes on. First what is in work, then the
/// store as of one moment: what is in neither is lost. Then what is on its way to the archive,
/// then the archive: what is stored and in neither was never archived.
async fn compared(args: &AggregateArgs) -> Result<Report, AggregateError> {
    if !args.data_dir.join("documents.db").is_file() {
        return Err(AggregateError::NoStore(args.data_dir.clone()));
    }
    let peek = Peek::open(&args.data_dir)?;
    let in_work = peek.in_work()?;
    let store = Snapshot::open(&args.data_dir)?;
    let stored = store.tenants()?;
    let ledger = Ledger::read(&store, &stored, in_work).await?;
    let queued = peek.to_archive()?;
    let Outcome { inputs, tally, comparison: mut found, survey } =
        read(args, queued, Some(&ledger))?.1;
    let tenants: BTreeSet<_> = stored.into_iter().chain(tally.0.keys().cloned()).collect();
    let numbers = compare::differences(&store, &tenants, &tally, &survey, &ledger).await?;
    found.differences.extend(numbers);
    Ok(Report::new(inputs, &tally, Some(found)))
}

fn read(
    args: &AggregateArgs,
    queued: Vec<common::broker::embedded::Archivable>,
    ledger: Option<&Ledger>,
) -> Result<(Source, Outcome), AggregateError> {
    let source = Source::new(&args.archive, queued)
        .map_err(|error| AggregateError::Archive(args.archive.clone(), error))?;
    let threads = args.threads.map_or_else(all_processors, usize::from);
    let bar = progress(2 * source.files().len(), "reading");
    let outcome = aggregate(&source, ledger, threads, |_| bar.inc(1));
    bar.finish_and_clear();
    Ok((source, outcome))
}

fn all_processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Corrupt lines are told, but fail nothing; finding no message at all does.
fn is_well(report: &Report) -> bool {
    let balanced =
        report.comparison.as_ref().is_none_or(|comparison| comparison.differences.is_empty());
    let inputs = &report.inputs;
    balanced && inputs.messages + inputs.counted + inputs.in_work > 0
}

fn summary(report: &Report, out: &Path) -> String {
    let i = &report.inputs;
    let corrupt: u64 = i.corrupt.values().sum();
    let mut text = format!(
        "{} files with {} messages: {} counted, {} duplicates, {} conflicts, {} unreadable; \
         {corrupt} corrupt lines and files passed over\n",
        i.files, i.messages, i.counted, i.duplicates, i.conflicts, i.unreadable
    );
    for (tenant, counts) in &report.tenants {
        let _ = writeln!(
            text,
            "{tenant}: {} requests, {} events of {} users, {} texts of {} characters",
            counts.requests.total,
            counts.events.total,
            counts.events.unique_users,
            counts.texts.texts,
            counts.texts.characters
        );
    }
    if let Some(comparison) = &report.comparison {
        let differences = &comparison.differences;
        let _ = writeln!(
            text,
            "compared with the store: {} differences; {} messages in quarantine, {} in work",
            differences.len(),
            i.quarantined,
            i.in_work
        );
        for difference in differences.iter().take(PRINTED) {
            let _ = writeln!(text, "  {}", serde_json::json!(difference));
        }
    }
    let _ = writeln!(text, "the report is in {}", out.display());
    text
}
