//! Counts the instructions of the paths that every record takes, and compares them with
//! `bench/costs.json`: a time differs from run to run, a number of instructions hardly does.
//!
//! ```sh
//! cargo run --release -p costs -- check
//! cargo run --release -p costs -- write
//! ```
//!
//! Each path runs twice in Valgrind, once with its work done once more often than the other time:
//! the difference is the work, without starting and ending. The doors for other systems' clients are
//! also compared with Spillway's own, for the same records in the same run.

mod doors;
mod error;
mod nothing;
mod paths;
mod request;
mod samples;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::thread;

use clap::{Parser, Subcommand};
use thiserror::Error;

use crate::doors::{DOORS, MOST, NOISE};
use crate::error::PathError;
use crate::paths::{PATHS, Path};

/// By what share a path may cost more than it did. Another processor, whose vectors are longer or
/// shorter, makes about as much.
const TOLERANCE: f64 = 0.1;
/// What is counted before: caches are filled then.
const BEFORE: u64 = 20;

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Compare the costs with those in bench/costs.json; fail if one is higher.
    Check,
    /// Count them, and write them there.
    Write,
    /// Follow a path so often.
    Follow { path: String, times: u64 },
}

/// Why the costs are not known, or not good.
#[derive(Debug, Error)]
enum CostsError {
    #[error("valgrind failed; Debian has it in the package valgrind: {0}")]
    Valgrind(String),
    #[error("there is no path {0}")]
    NoPath(String),
    #[error(
        "too many instructions; if there is a reason, run: cargo run --release -p costs -- write"
    )]
    Higher,
    #[error("a door takes too many times the instructions of Spillway's own")]
    Door,
    #[error(transparent)]
    Path(#[from] PathError),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Instructions for each piece of work, by path.
type Costs = BTreeMap<String, u64>;

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Task::Check => check(),
        Task::Write => write(),
        Task::Follow { path, times } => follow(&path, times),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn follow(name: &str, times: u64) -> Result<(), CostsError> {
    let path = paths().find(|path| path.name == name);
    Ok(path.ok_or_else(|| CostsError::NoPath(name.to_owned()))?.follow(times)?)
}

fn paths() -> impl Iterator<Item = &'static Path> {
    PATHS.iter().chain(DOORS.iter().map(|door| &door.path))
}

fn file() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "costs.json"].iter().collect()
}

fn write() -> Result<(), CostsError> {
    Ok(fs::write(file(), serde_json::to_string_pretty(&count_all()?)? + "\n")?)
}

fn check() -> Result<(), CostsError> {
    let known: Costs = serde_json::from_slice(&fs::read(file())?)?;
    let (mut higher, costs) = (false, count_all()?);
    for (name, cost) in &costs {
        let before = known.get(name).copied();
        let change = before.map(|before| *cost as f64 / before as f64 - 1.0);
        let is_higher = change.is_none_or(|change| change > TOLERANCE);
        let verdict = match change {
            None => "new",
            Some(_) if is_higher => "HIGHER",
            Some(change) if change < -TOLERANCE => "lower: write it down",
            Some(_) => "",
        };
        let percent = change.unwrap_or_default() * 100.0;
        println!("{name:>18} {cost:>10} {percent:>+7.1} % {verdict}");
        higher |= is_higher;
    }
    compare_doors(&costs)?;
    if higher { Err(CostsError::Higher) } else { Ok(()) }
}

/// Fails if a door takes too many instructions for its records.
fn compare_doors(costs: &Costs) -> Result<(), CostsError> {
    let mut all_hold = true;
    println!();
    for door in DOORS {
        let (name, own) = (door.path.name, door.own);
        let ratio = costs[name] as f64 / (costs[own] * door.requests) as f64;
        let is_too_much = ratio > MOST + NOISE;
        let verdict = if is_too_much { "TOO MUCH" } else { "" };
        println!("{name:>18} {ratio:>5.2} times {own} {verdict}");
        all_hold &= !is_too_much;
    }
    if all_hold { Ok(()) } else { Err(CostsError::Door) }
}

/// Counts all paths, as many at once as there are cores.
fn count_all() -> Result<Costs, CostsError> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut costs = Costs::new();
    for some in paths().collect::<Vec<_>>().chunks(cores) {
        let counted: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = some.iter().map(|path| scope.spawn(|| count(path))).collect();
            running.into_iter().map(|it| it.join()).collect()
        });
        for (path, cost) in some.iter().zip(counted) {
            let panicked = |_| CostsError::Valgrind(path.name.to_owned());
            costs.insert(path.name.to_owned(), cost.map_err(panicked)??);
        }
    }
    Ok(costs)
}

fn count(path: &Path) -> Result<u64, CostsError> {
    let [few, many] = [BEFORE, BEFORE + path.repeats].map(|times| instructions(path.name, times));
    Ok(many?.saturating_sub(few?) / path.repeats)
}

/// The instructions of a run that follows the path so often.
fn instructions(path: &str, times: u64) -> Result<u64, CostsError> {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["follow", path, &times.to_string()])
        .output()
        .map_err(|error| CostsError::Valgrind(error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let total =
        said.lines().find_map(|line| line.split_once("I   refs:").or(line.split_once("I refs:")));
    let total = total.map(|(_, total)| total.trim().replace(',', ""));
    match total.and_then(|total| total.parse().ok()) {
        Some(total) if output.status.success() => Ok(total),
        _ => Err(CostsError::Valgrind(said)),
    }
}
