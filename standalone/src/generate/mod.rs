//! `spillway generate`: a sample data set of events, through the front door.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{Days, NaiveDate, Utc};
use clap::Args;
use serde_json::Value;
use thiserror::Error;

use crate::http::{self, ClientError};
use crate::progress::progress;

mod data;
mod send;

use data::{Events, Recipe};
use send::SendError;

/// The target that stands for none.
const NONE: &str = "none";

#[derive(Args, Debug)]
pub(crate) struct GenerateArgs {
    /// Base URL of the deployment; `none` to send nothing.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    target: String,

    /// How many events.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    events: usize,

    /// How many users they come from.
    #[arg(long, value_name = "N", default_value_t = 200,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    users: u32,

    /// The first day, UTC.
    #[arg(long, value_name = "DAY", default_value = "2025-05-01")]
    from: NaiveDate,

    /// The last day, UTC.
    #[arg(long, value_name = "DAY", default_value = "2025-05-29")]
    to: NaiveDate,

    /// Whose events they are; where it is given several times, the first one has the most.
    #[arg(long, value_name = "ID", default_value = "default")]
    tenant: Vec<String>,

    /// The same seed makes the same events with the same ids: sent twice, they count once.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Write the events to this file too, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Requests under way at once.
    #[arg(long, value_name = "N", default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..=1_024))]
    concurrency: u32,
}

/// Why the events are not all there.
#[derive(Debug, Error)]
pub(crate) enum GenerateError {
    #[error("--from must be 2000-01-01 or later, not after --to, and --to not after tomorrow")]
    Days,
    #[error("the events cannot be drawn")]
    Recipe(#[from] rand::distr::weighted::Error),
    #[error("{0} cannot be written")]
    Out(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Makes the events, writes them where a file is named, and sends them.
pub(crate) async fn generate(args: GenerateArgs) -> Result<(), GenerateError> {
    let began = Instant::now();
    let events: Vec<Value> = Events::of(recipe(&args)?)?.collect();
    if let Some(out) = &args.out {
        write(out, &events).map_err(|error| GenerateError::Out(out.clone(), error))?;
    }
    let target = args.target.trim_end_matches('/');
    if target != NONE {
        let at_once = args.concurrency as usize;
        let client = http::client("spillway-generate", target, at_once)?;
        send::probe(&client, target).await?;
        let bar = progress(events.len(), "sending");
        send::send_all(&client, target, &events, at_once, &bar).await?;
        bar.finish_and_clear();
    }
    summarize(&args, &events, began);
    Ok(())
}

fn recipe(args: &GenerateArgs) -> Result<Recipe, GenerateError> {
    let tomorrow = Utc::now().date_naive() + Days::new(1);
    let is_early = args.from < NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
    if is_early || args.from > args.to || args.to >= tomorrow {
        return Err(GenerateError::Days);
    }
    Ok(Recipe {
        events: args.events,
        users: args.users as usize,
        first: args.from,
        last: args.to,
        tenants: args.tenant.clone(),
        seed: args.seed,
    })
}

/// Written beside the file and then renamed: whoever reads it, reads all of it.
fn write(out: &Path, events: &[Value]) -> io::Result<()> {
    let beside = out.with_extension("partial");
    let mut file = io::BufWriter::new(std::fs::File::create(&beside)?);
    events.iter().try_for_each(|event| writeln!(file, "{event}"))?;
    file.into_inner()?.sync_all()?;
    std::fs::rename(beside, out)
}

fn summarize(args: &GenerateArgs, events: &[Value], began: Instant) {
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        *types.entry(event["event_type"].as_str().unwrap_or_default()).or_default() += 1;
    }
    let types: Vec<String> = types.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let done = if args.target == NONE { "made" } else { "sent" };
    println!(
        "{} events {done} in {:.1} s ({}), from {} to {}, seed {}.",
        events.len(),
        began.elapsed().as_secs_f64(),
        types.join(", "),
        args.from,
        args.to,
        args.seed
    );
}
