//! `./dev bench`: Spillway and what one could use instead, side by side in one run.
//!
//! In each round, each row has its turn in each case, so that whatever else the machine does slows
//! all of them. The results are kept as JSON; the page and the picture are made of them.

mod cases;
mod client;
mod emulator;
mod error;
mod goals;
mod history;
mod machine;
mod page;
mod plot;
mod postgres;
mod process;
mod queryable;
mod report;
mod results;
mod rows;
mod send;
mod shape;
mod soak;
mod spillway;
mod turn;
mod usage;

use std::collections::BTreeMap;
use std::fs;
use std::io::{IsTerminal as _, stderr};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::TempDir;

use crate::cases::{CASES, Case};
use crate::emulator::Emulator;
use crate::error::BenchError;
use crate::history::HistoryArgs;
use crate::postgres::Postgres;
use crate::results::{Machine, Results};
use crate::rows::{Keeps, ROWS, Row};
use crate::soak::SoakArgs;
use crate::turn::Bench;

/// Measures Spillway side by side with what one could use instead, and writes docs/PERFORMANCE.md.
#[derive(Parser)]
#[command(name = "./dev bench", args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    instead: Option<Instead>,

    /// One round of short loads: it ends within 3 minutes, and its figures are rough.
    #[arg(long)]
    quick: bool,

    /// Only cases whose names contain this; several are separated by a semicolon.
    #[arg(long, value_delimiter = ';')]
    case: Vec<String>,

    /// Only these rows, separated by commas.
    #[arg(long, value_delimiter = ',')]
    row: Vec<String>,

    /// How often each row has its turn in each case, if there is time [default: 3].
    #[arg(long)]
    rounds: Option<usize>,

    /// The length of each load in seconds [default: 2.5].
    #[arg(long)]
    seconds: Option<f64>,

    /// No further round begins if it would end after so many minutes.
    #[arg(long, default_value_t = 15.0)]
    minutes: f64,

    /// Write the page and the picture, also if not everything was measured.
    #[arg(long)]
    write: bool,

    /// Make page and picture of the results that are there, and measure nothing.
    #[arg(long)]
    render: bool,
}

/// What is done instead.
#[derive(Subcommand)]
enum Instead {
    #[command(bin_name = "./dev soak")]
    Soak(SoakArgs),
    #[command(bin_name = "./dev history")]
    History(HistoryArgs),
}

/// The files that are written.
const JSON: &str = "docs/performance.json";
const PAGE: &str = "docs/PERFORMANCE.md";
const PICTURE: &str = "docs/images/performance.svg";

/// A case and a row that takes part in it.
type Pair = (&'static Case, &'static Row);

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let ended = match &args.instead {
        Some(Instead::Soak(soak)) => soak::run(soak).await,
        Some(Instead::History(history)) => history::run(history).await,
        None => run(&args).await,
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) if args.instead.is_some() => ExitCode::FAILURE,
        Ok(false) => {
            eprintln!("Not all that was acknowledged was stored in time.");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all that was acknowledged was stored.
async fn run(args: &Args) -> Result<bool, BenchError> {
    let root = std::env::current_dir()?;
    if args.render {
        let results: Results = serde_json::from_slice(&fs::read(root.join(JSON))?)?;
        write(&root, &results)?;
        return Ok(true);
    }
    let results = measure(args, &root).await?;
    let whole = args.case.is_empty() && args.row.is_empty();
    if whole || args.write {
        write(&root, &results)?;
        println!("Written: {JSON}, {PAGE}, {PICTURE}.");
    } else {
        println!("{}", page::render(&results));
    }
    Ok(results.runs.iter().all(results::Run::is_exact))
}

fn write(root: &Path, results: &Results) -> Result<(), BenchError> {
    let page = fs::read_to_string(root.join(PAGE))?;
    let page = page::replace(&page, results).ok_or_else(|| {
        BenchError::Failed(PAGE.to_owned(), "it has no place for results".to_owned())
    })?;
    fs::write(root.join(JSON), serde_json::to_string_pretty(results)? + "\n")?;
    fs::write(root.join(PAGE), page)?;
    Ok(fs::write(root.join(PICTURE), plot::render(results))?)
}

async fn measure(args: &Args, root: &Path) -> Result<Results, BenchError> {
    let began = Instant::now();
    let (rounds, seconds) = if args.quick { (1, 0.7) } else { (3, 2.5) };
    let (rounds, seconds) = (args.rounds.unwrap_or(rounds), args.seconds.unwrap_or(seconds));
    let skipped = skipped(root);
    let pairs = pairs(args, &skipped);
    let bench = start(root, &pairs, Duration::from_secs_f64(seconds))?;
    let progress = progress(rounds * pairs.len());
    let (mut runs, mut done) = (Vec::new(), 0);
    while done < rounds && has_time(began, done, args.minutes) {
        for (case, row) in turns(&pairs, done) {
            progress.set_message(format!("{}: {}", case.name, row.name));
            let run = bench.turn(case, row).await?;
            let (case, row) = (case.name.to_owned(), row.name.to_owned());
            runs.push(results::Run { case, row, round: done, ..run });
            progress.inc(1);
        }
        done += 1;
    }
    progress.finish_and_clear();
    Ok(Results {
        day: chrono::Utc::now().date_naive().to_string(),
        commit: machine::commit(root),
        machine: Machine::here(),
        rounds: done,
        seconds,
        quick: args.quick,
        optimized: !cfg!(debug_assertions),
        skipped,
        runs,
    })
}

/// Whether another round, as long as those before, ends in time.
fn has_time(began: Instant, done: usize, minutes: f64) -> bool {
    let round = began.elapsed().as_secs_f64() / done.max(1) as f64;
    done == 0 || began.elapsed().as_secs_f64() + round < minutes * 60.0
}

/// The rows of a case in another order each round.
fn turns(pairs: &[Pair], round: usize) -> Vec<Pair> {
    let mut turns = pairs.to_vec();
    for case in turns.chunk_by_mut(|one, other| one.0.name == other.0.name) {
        let by = round * case.len() / 3;
        case.rotate_left(by % case.len());
    }
    turns
}

/// The rows that cannot run, and why.
fn skipped(root: &Path) -> BTreeMap<String, String> {
    let besides = |row: &Row| match row.keeps {
        Keeps::Topic if !Emulator::is_there() => Some("the Pub/Sub emulator, or Java"),
        Keeps::Tables if !Postgres::is_there() => Some("PostgreSQL"),
        _ => None,
    };
    let missing = |row: &Row| row.needs.missing(root).or_else(|| besides(row));
    let skipped = ROWS
        .iter()
        .filter_map(|row| Some((row.name.to_owned(), format!("{} is missing", missing(row)?))));
    let skipped: BTreeMap<_, _> = skipped.collect();
    skipped.iter().for_each(|(row, why)| eprintln!("{row} is left out: {why}."));
    skipped
}

fn pairs(args: &Args, skipped: &BTreeMap<String, String>) -> Vec<Pair> {
    let case = |case: &Case| {
        args.case.is_empty() || args.case.iter().any(|name| case.name.contains(name.as_str()))
    };
    let row = |row: &Row| args.row.is_empty() || args.row.iter().any(|name| name == row.name);
    let mut pairs = Vec::new();
    for case in CASES.iter().filter(|it| case(it)) {
        let rows = ROWS.iter().filter(|it| row(it) && !skipped.contains_key(it.name));
        pairs.extend(rows.filter(|row| case.has(row)).map(|row| (case, row)));
    }
    pairs
}

/// Starts what the rows need besides themselves.
fn start(root: &Path, pairs: &[Pair], lasts: Duration) -> Result<Bench, BenchError> {
    if pairs.is_empty() {
        return Err(BenchError::NothingToDo);
    }
    // Beside the build: there is a disk, where a folder for temporary files may be in memory.
    let folder = root.join("target/bench");
    fs::create_dir_all(&folder)?;
    let folder = TempDir::new_in(&folder)?;
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let needs = |keeps| pairs.iter().any(|(_, row)| row.keeps == keeps);
    let emulator = needs(Keeps::Topic).then(|| Emulator::start(folder.path(), client.clone()));
    let postgres = needs(Keeps::Tables).then(|| Postgres::start(folder.path()));
    let (emulator, postgres) = (emulator.transpose()?, postgres.transpose()?);
    Ok(Bench { root: root.to_owned(), folder, client, emulator, postgres, lasts })
}

fn progress(turns: usize) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    let bar = ProgressBar::new(turns as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
