//! The long run that proves the promises under random faults: `./dev chaos`.

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use common::program;
use e2e::chaos::{ChaosError, Mode, Outcome, run, table};

/// Sends a mixed load to Spillway while `kill -9` ends its processes and its broker and store are in
/// trouble, both at random. Then compares what was accepted with what is stored and counted, prints
/// a report in Markdown, and fails if anything is lost or double.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// What happens, and when, follows from this number; without it, from a random one.
    #[arg(long)]
    seed: Option<u64>,
    /// How many processes are killed; with both modes, half of them in each.
    #[arg(long, default_value_t = 1_000)]
    kills: usize,
    /// Where: one process, or the gateway and the worker on Google's emulators.
    #[arg(long, value_enum, default_value_t = Modes::Both)]
    mode: Modes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Modes {
    Embedded,
    Cloud,
    Both,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(|| rand::random_range(0..1_000_000));
    let mode = args.mode.to_possible_value().map_or_else(String::new, |m| m.get_name().to_owned());
    let command = format!("./dev chaos --seed {seed} --kills {} --mode {mode}", args.kills);
    eprintln!("{command}");
    match outcomes(&args, seed).await {
        Ok(outcomes) => told(&command, &outcomes),
        Err(error) => program::ended(Err(error)),
    }
}

async fn outcomes(args: &Args, seed: u64) -> Result<Vec<Outcome>, ChaosError> {
    let half = args.kills / 2;
    let runs: &[(Mode, usize)] = match args.mode {
        Modes::Embedded => &[(Mode::Embedded, args.kills)],
        Modes::Cloud => &[(Mode::Cloud, args.kills)],
        Modes::Both => &[(Mode::Embedded, args.kills - half), (Mode::Cloud, half)],
    };
    let mut outcomes = Vec::new();
    for (mode, kills) in runs {
        outcomes.push(run(*mode, seed, *kills).await?);
    }
    Ok(outcomes)
}

/// Prints the report, and what is wrong.
fn told(command: &str, outcomes: &[Outcome]) -> ExitCode {
    println!("`{command}`\n\n{}", table(outcomes));
    for Outcome { mode, books, .. } in outcomes {
        let found = [("lost", &books.lost), ("double", &books.double)];
        for (what, lines) in found.into_iter().chain([("wrong count", &books.differences)]) {
            lines.iter().for_each(|line| println!("{}: {what}: {line}", mode.name()));
        }
        if let Some(kept) = &books.evidence {
            println!("{}: the data folder was kept as {}", mode.name(), kept.display());
        }
    }
    let is_right = outcomes.iter().all(|outcome| outcome.books.are_right());
    if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
