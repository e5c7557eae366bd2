//! `spillway import`: what another web analytics exported, sent through the public API.

mod args;
mod draft;
mod event_rows;
mod goatcounter;
mod item;
mod names;
mod plausible;
mod rows;
mod summary;
mod umami;
mod user_agent;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use common::backoff::Backoff;
use common::program;
use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use indicatif::ProgressBar;
use thiserror::Error;

pub use args::ImportArgs;

use crate::http;
use crate::progress::progress;
use crate::sender::{NotTaken, Sender};
use crate::setup::SetupError;

use args::Product;
use event_rows::Form;
use item::{Item, Place};
use plausible::Export;
use rows::Rows;
use summary::{Outcome, Summary};

/// How many requests are sent at the same time.
const AT_ONCE: usize = 64;
/// How often an event is sent at most: enough for a server that is gone for a minute.
const TRIES: u32 = 20;
/// How long to wait between the tries of one event.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What an export gives, in the order in which it is sent.
type Items = Box<dyn Iterator<Item = io::Result<Item>>>;

/// Why not all rows were looked at.
#[derive(Debug, Error)]
enum ImportError {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error("cannot read {0}")]
    File(String, #[source] io::Error),
    #[error("{0} is not an export of {1}: the column {2} is missing")]
    NoColumn(String, &'static str, &'static str),
    #[error("{0} is not an export of Plausible: it has no file imported_visitors….csv")]
    NoVisitors(String),
    /// Some events were sent; it is safe to send all of them again.
    #[error("the import stopped after {0} rows; started again, each event still counts once")]
    NotTaken(u64, #[source] NotTaken),
}

/// Some rows were not taken.
#[derive(Debug, Error)]
#[error("some rows were not taken; the others were, and count once if the file is imported again")]
struct Refusals;

/// Sends the events, prints a summary, and returns the exit code that the command's help promises.
pub async fn run(args: ImportArgs) -> ExitCode {
    match import(&args).await {
        Ok(summary) => {
            println!("{summary}");
            if summary.refused.is_empty() {
                ExitCode::SUCCESS
            } else {
                program::ended(Err(Refusals))
            }
        }
        Err(error) => {
            let is_usage = matches!(error, ImportError::NoColumn(..) | ImportError::NoVisitors(_));
            let code = program::ended(Err(error));
            if is_usage { ExitCode::from(2) } else { code }
        }
    }
}

async fn import(args: &ImportArgs) -> Result<Summary, ImportError> {
    let items = || items(args.product, &args.files);
    // Counted first, for the bar.
    let count = items()?.count();
    let sender = sender(args)?;
    sender.probe().await?;
    let bar = progress(count, "importing");
    let sent = send_all(&sender, args, items()?, &bar).await;
    let looked_at = bar.position();
    bar.finish_and_clear();
    sent.map_err(|error| match error {
        Stop::File(error) => ImportError::File(named(&args.files), error),
        Stop::NotTaken(error) => ImportError::NotTaken(looked_at, error),
    })
}

/// Why sending stopped.
enum Stop {
    File(io::Error),
    NotTaken(NotTaken),
}

/// What the files of a product give, if they are its export.
fn items(product: Product, files: &[PathBuf]) -> Result<Items, ImportError> {
    match product {
        Product::Plausible => of_plausible(files),
        Product::Umami => of_events(product, Form::Umami, files),
        Product::Goatcounter => of_events(product, Form::Goatcounter, files),
    }
}

fn of_plausible(files: &[PathBuf]) -> Result<Items, ImportError> {
    let unreadable = |error| ImportError::File(named(files), error);
    let export = Export::find(files).map_err(unreadable)?;
    if !export.has_visitors() {
        return Err(ImportError::NoVisitors(named(files)));
    }
    if let Some((file, column)) = export.missing().map_err(unreadable)? {
        return Err(ImportError::NoColumn(file, Product::Plausible.name(), column));
    }
    Ok(Box::new(export.items().map_err(unreadable)?))
}

fn of_events(product: Product, form: Form, files: &[PathBuf]) -> Result<Items, ImportError> {
    let mut all: Items = Box::new(std::iter::empty());
    for file in files {
        let name = file.display().to_string();
        let rows = Rows::open(file);
        let rows = rows.map_err(|error| ImportError::File(name.clone(), error))?;
        if let Some(column) = event_rows::missing(form, &rows) {
            return Err(ImportError::NoColumn(name, product.name(), column));
        }
        let name = (files.len() > 1).then_some(name);
        all = Box::new(all.chain(event_rows::items(form, rows, name)));
    }
    Ok(all)
}

fn named(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn sender(args: &ImportArgs) -> Result<Sender, SetupError> {
    let client = http::client("spillway-import", &args.target, AT_ONCE, REQUEST_TIMEOUT)?;
    let base = http::base(&args.target);
    Ok(Sender { client, base, at_once: AT_ONCE, most_tries: TRIES, backoff: BACKOFF })
}

async fn send_all(
    sender: &Sender,
    args: &ImportArgs,
    items: Items,
    bar: &ProgressBar,
) -> Result<Summary, Stop> {
    stream::iter(items)
        .map(|item| async move {
            let item = item.map_err(Stop::File)?;
            send(sender, args, item).await.map_err(Stop::NotTaken)
        })
        .buffer_unordered(AT_ONCE)
        .inspect_ok(|_| bar.inc(1))
        .try_fold(Summary::default(), |summary, outcome| future::ok(summary.with(outcome)))
        .await
}

async fn send(sender: &Sender, args: &ImportArgs, item: Item) -> Result<Outcome, NotTaken> {
    let (place, draft): (Place, _) = match item {
        Item::Event(place, draft) => (place, draft),
        Item::LeftOut => return Ok(Outcome::LeftOut),
        Item::Unreadable(place, why) => return Ok(Outcome::Refused(place, why.to_string())),
        Item::Beyond(beyond) => return Ok(Outcome::Beyond(beyond)),
    };
    match sender.send(draft.event(args.site.as_str())).await {
        Ok(_) => Ok(Outcome::Taken),
        Err(error) if !error.is_passing => Ok(Outcome::Refused(place, error.answer)),
        Err(error) => Err(error),
    }
}

impl Product {
    fn name(self) -> &'static str {
        match self {
            Self::Plausible => "Plausible",
            Self::Umami => "Umami",
            Self::Goatcounter => "GoatCounter",
        }
    }
}
