//! `spillway generate`: a sample data set of events, through the front door.

mod args;
mod data;
mod file;
mod send;
mod summary;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::program;
use thiserror::Error;

pub use args::GenerateArgs;

use crate::backoff::Pace;
use crate::http::{self, ClientError, NobodyThere};
use crate::progress::progress;

use args::Target;
use data::{Events, Recipe};
use send::{NotTaken, Sender};
use summary::{Summary, Tally};

/// Tries of one event at most: a server may be away for a minute.
const TRIES: u32 = 20;
const PACE: Pace = Pace { first: Duration::from_millis(100), longest: Duration::from_secs(5) };
/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the events are not all there.
#[derive(Debug, Error)]
enum GenerateError {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(&'static str),
    #[error("the events cannot be drawn")]
    Recipe(#[from] rand::distr::weighted::Error),
    #[error("{0} cannot be written")]
    Out(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    NobodyThere(#[from] NobodyThere),
    /// Some were sent, and may be sent again.
    #[error("{taken} of {events} events were taken; sent again, they still count once")]
    NotTaken { taken: u64, events: usize, source: NotTaken },
}

/// Runs the command: makes the events, writes and sends them, and tells by its exit code whether
/// all were taken.
pub async fn run(args: GenerateArgs) -> ExitCode {
    let result = generate(&args).await;
    let is_usage = matches!(result, Err(GenerateError::Usage(_)));
    let code = program::ended(result.map(|summary| println!("{summary}")));
    if is_usage { ExitCode::from(2) } else { code }
}

async fn generate(args: &GenerateArgs) -> Result<Summary, GenerateError> {
    let began = Instant::now();
    let recipe = args.recipe().map_err(GenerateError::Usage)?;
    let (done, tally) = match sender(args)? {
        None => ("made", make(args, &recipe)?),
        Some(sender) => {
            sender.probe().await?;
            write(args, &recipe)?;
            ("sent", send(&sender, recipe).await?)
        }
    };
    Ok(Summary { tally, done, seed: args.seed, took: began.elapsed() })
}

fn sender(args: &GenerateArgs) -> Result<Option<Sender>, GenerateError> {
    let Target::Deployment(target) = &args.target else {
        return Ok(None);
    };
    let at_once = args.concurrency as usize;
    let client = http::client("spillway-generate", target, at_once, REQUEST_TIMEOUT)?;
    let base = http::base(target);
    Ok(Some(Sender { client, base, at_once, most_tries: TRIES, pace: PACE }))
}

fn make(args: &GenerateArgs, recipe: &Recipe) -> Result<Tally, GenerateError> {
    write(args, recipe)?;
    let events = Events::of(recipe.clone())?;
    Ok(events.fold(Tally::default(), |tally, event| tally.with(&event)))
}

fn write(args: &GenerateArgs, recipe: &Recipe) -> Result<(), GenerateError> {
    let Some(out) = &args.out else {
        return Ok(());
    };
    let events = Events::of(recipe.clone())?;
    file::write(out, events).map_err(|error| GenerateError::Out(out.clone(), error))
}

/// Sends what `write` wrote: the same recipe makes the same events, so none has to be kept.
async fn send(sender: &Sender, recipe: Recipe) -> Result<Tally, GenerateError> {
    let events = recipe.events;
    let bar = progress(events, "sending");
    let sent = sender.send_all(Events::of(recipe)?, &bar).await;
    // Clearing the bar would fill it.
    let taken = bar.position();
    bar.finish_and_clear();
    sent.map_err(|source| GenerateError::NotTaken { taken, events, source })
}
