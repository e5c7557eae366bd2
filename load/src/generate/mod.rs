//! `spillway generate`: a realistic sample of events, sent through the public API.

mod args;
mod day_curve;
mod events;
mod file;
mod link;
mod summary;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use common::backoff::Backoff;
use common::program;
use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use indicatif::ProgressBar;
use serde_json::Value;
use thiserror::Error;

pub use args::GenerateArgs;

use crate::http;
use crate::progress::progress;
use crate::sender::{NotTaken, Sender};
use crate::setup::SetupError;

use args::{Out, Target};
use events::{Events, Recipe};
use summary::{Summary, Tally};

/// How often an event is sent at most: enough for a server that is gone for a minute.
const TRIES: u32 = 20;
/// How long to wait between the tries of one event.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Why not all events were written and sent.
#[derive(Debug, Error)]
enum GenerateError {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error("cannot choose events at random")]
    Recipe(#[from] rand::distr::weighted::Error),
    #[error("cannot write the events to {0}")]
    File(PathBuf, #[source] io::Error),
    #[error("cannot write the events to standard output")]
    Stdout(#[source] io::Error),
    /// Some events were sent; it is safe to send all of them again.
    #[error("{taken} of {events} events were accepted; sent again, they still count once")]
    NotTaken { taken: u64, events: usize, source: NotTaken },
}

/// Makes the events, writes and sends them, prints a summary, and returns the exit code that the
/// command's help promises.
pub async fn run(args: GenerateArgs) -> ExitCode {
    let result = generate(&args).await;
    let is_usage = matches!(result, Err(GenerateError::Setup(SetupError::Usage(_))));
    let code = program::ended(result.map(|summary| print(&args, &summary)));
    if is_usage { ExitCode::from(2) } else { code }
}

/// Standard output is for the events if they go there.
fn print(args: &GenerateArgs, summary: &Summary) {
    match args.out {
        Some(Out::Stdout) => eprintln!("{summary}"),
        _ => println!("{summary}"),
    }
}

async fn generate(args: &GenerateArgs) -> Result<Summary, GenerateError> {
    let began = Instant::now();
    let recipe = args.recipe().map_err(|why| SetupError::Usage(why.to_owned()))?;
    let (done, tally, link) = match sender(args)? {
        None => ("made", make(args, &recipe)?, None),
        Some(sender) => {
            sender.probe().await?;
            write(args, &recipe)?;
            let link = link(&sender.base, &recipe);
            ("sent", send(&sender, recipe).await?, link)
        }
    };
    Ok(Summary { tally, done, seed: args.seed, took: began.elapsed(), link })
}

/// Where to look at the events of the first tenant, which has the most.
fn link(base: &str, recipe: &Recipe) -> Option<String> {
    let tenant = recipe.tenants.first()?;
    Some(link::dashboard(base, tenant, recipe.first, recipe.last))
}

fn sender(args: &GenerateArgs) -> Result<Option<Sender>, SetupError> {
    let Target::Deployment(target) = &args.target else {
        return Ok(None);
    };
    let at_once = args.concurrency as usize;
    let client = http::client("spillway-generate", target, at_once, REQUEST_TIMEOUT)?;
    let base = http::base(target);
    Ok(Some(Sender { client, base, at_once, most_tries: TRIES, backoff: BACKOFF }))
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
    match out {
        Out::Stdout => file::print(events).map_err(GenerateError::Stdout),
        Out::File(path) => {
            file::write(path, events).map_err(|error| GenerateError::File(path.clone(), error))
        }
    }
}

/// Sends the events that `write` wrote: the same recipe makes the same events, so none of them has
/// to be kept.
async fn send(sender: &Sender, recipe: Recipe) -> Result<Tally, GenerateError> {
    let events = recipe.events;
    let bar = progress(events, "sending");
    let sent = send_all(sender, Events::of(recipe)?, &bar).await;
    // Clearing the bar would fill it.
    let taken = bar.position();
    bar.finish_and_clear();
    sent.map_err(|source| GenerateError::NotTaken { taken, events, source })
}

/// Sends all `events`, and advances the bar for each one that is accepted.
async fn send_all(
    sender: &Sender,
    events: impl Iterator<Item = Value>,
    bar: &ProgressBar,
) -> Result<Tally, NotTaken> {
    stream::iter(events)
        .map(|event| sender.send(event))
        .buffer_unordered(sender.at_once)
        .inspect_ok(|_| bar.inc(1))
        .try_fold(Tally::default(), |tally, event| future::ok(tally.with(&event)))
        .await
}
