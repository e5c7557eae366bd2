//! `spillway replay`: publishes archived messages again. Stored records stay as they are, and missing
//! ones come back.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Args;
use common::broker::{Broker, Message, PublishError};
use common::config::LogArgs;
use common::message;
use common::tenant::TenantId;
use common::{program, telemetry};
use load::count::count;
use load::progress::progress;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::archive::{Corrupt, Input, Line, day, inputs};
use crate::deployment::{Deployment, DeploymentArgs, DeploymentError};
use crate::republish::{self, AT_ONCE};

/// Publish archived messages again: stored records stay as they are, missing ones come back.
///
/// You can stop a replay and run it again at any time. If no server is running on the data folder, the
/// messages are processed when one starts.
///
/// Exit code 0: some messages were published. 1: none were, or the broker stopped accepting them. 2:
/// the archive does not exist, or an option is not valid.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// The archive's folder, such as ./spillway-data/archive, or one file of it.
    #[arg(long, value_name = "DIR")]
    archive: PathBuf,

    /// Only messages of this tenant [default: all].
    #[arg(long, value_name = "ID", value_parser = tenant)]
    tenant: Option<TenantId>,

    /// Only messages received on this day (UTC) or later.
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,

    /// Only messages received on this day (UTC) or earlier.
    #[arg(long, value_name = "DAY")]
    to: Option<NaiveDate>,

    #[command(flatten)]
    deployment: DeploymentArgs,

    #[command(flatten)]
    log: LogArgs,
}

/// Why the replay ended early.
#[derive(Debug, Error)]
enum ReplayError {
    #[error("cannot read the archive {0}")]
    Archive(PathBuf, #[source] io::Error),
    #[error("--from {0} is after --to {1}")]
    Period(NaiveDate, NaiveDate),
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    #[error("the broker stopped accepting messages after {0}; it is safe to replay again")]
    Publish(u64, #[source] PublishError),
}

/// What became of the archived messages.
#[derive(Debug, Default, PartialEq, Eq)]
struct Replayed {
    published: u64,
    left_out: u64,
    corrupt: u64,
}

/// Replays, and returns the exit code that the command's help promises.
pub(crate) async fn run(args: ReplayArgs) -> ExitCode {
    telemetry::init(args.log.log_format);
    match replay(&args).await {
        Ok((replayed, deployment)) => {
            let when = if deployment.is_served() { "now" } else { "when a server starts" };
            println!("{replayed}\nThey will be processed {when}, in {deployment}.");
            if replayed.published > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let usage = match &error {
                ReplayError::Archive(..) | ReplayError::Period(..) => true,
                ReplayError::Deployment(error) => error.is_usage(),
                ReplayError::Publish(..) => false,
            };
            let failure = program::ended(Err(error));
            if usage { ExitCode::from(2) } else { failure }
        }
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let published = count(self.published, "message", "messages");
        let corrupt = count(self.corrupt, "corrupt line or file", "corrupt lines and files");
        write!(f, "{published} published again, {} left out, {corrupt} skipped", self.left_out)
    }
}

async fn replay(args: &ReplayArgs) -> Result<(Replayed, Deployment), ReplayError> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(ReplayError::Period(from, to));
    }
    let inputs =
        inputs(&args.archive).map_err(|error| ReplayError::Archive(args.archive.clone(), error))?;
    let deployment = args.deployment.chosen()?;
    let broker = deployment.broker().await?;
    let bar = progress(inputs.len(), "replaying");
    // A bounded channel, so that reading does not run ahead of the broker.
    let (send, mut items) = mpsc::channel(AT_ONCE);
    let (shown, selection) = (bar.clone(), Selection::of(args));
    let reading = tokio::task::spawn_blocking(move || {
        for input in inputs {
            read(&input, &selection, &send);
            shown.inc(1);
        }
    });
    let published = publish(&*broker, &mut items).await;
    drop(items);
    drop(reading.await);
    bar.finish_and_clear();
    Ok((published?, deployment))
}

/// Which messages are replayed.
struct Selection {
    tenant: Option<TenantId>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    mark: String,
}

/// What one line means to this replay.
enum Item {
    Message(Message),
    LeftOut,
    Corrupt,
}

impl Selection {
    fn of(args: &ReplayArgs) -> Self {
        let mark = republish::mark();
        Self { tenant: args.tenant.clone(), from: args.from, to: args.to, mark }
    }

    fn item(&self, line: Result<Line, Corrupt>) -> Item {
        let message = match line.map(Line::into_message) {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => return corrupt(&error),
            Err(error) => return corrupt(&error),
        };
        if self.takes(&message) {
            Item::Message(republish::marked(message, &self.mark))
        } else {
            Item::LeftOut
        }
    }

    /// A message without a readable tenant or day is selected only if the replay asks for no
    /// particular one.
    fn takes(&self, message: &Message) -> bool {
        let tenant = message::tenant(&message.attributes);
        let day = day(&message.attributes);
        self.tenant.as_ref().is_none_or(|only| tenant.as_ref() == Some(only))
            && self.from.is_none_or(|from| day.is_some_and(|day| from <= day))
            && self.to.is_none_or(|to| day.is_some_and(|day| day <= to))
    }
}

fn corrupt(error: &dyn std::error::Error) -> Item {
    tracing::warn!(%error, "skipped");
    Item::Corrupt
}

/// Sends each item of a file. The channel is closed if publishing has failed.
fn read(input: &Input, selection: &Selection, send: &mpsc::Sender<Item>) {
    input.read(|line| {
        if !send.is_closed() {
            drop(send.blocking_send(selection.item(line)));
        }
    });
}

async fn publish(
    broker: &dyn Broker,
    items: &mut mpsc::Receiver<Item>,
) -> Result<Replayed, ReplayError> {
    let mut replayed = Replayed::default();
    let mut some = Vec::new();
    while items.recv_many(&mut some, AT_ONCE).await > 0 {
        let mut messages = Vec::new();
        for item in some.drain(..) {
            match item {
                Item::Message(message) => messages.push(message),
                Item::LeftOut => replayed.left_out += 1,
                Item::Corrupt => replayed.corrupt += 1,
            }
        }
        let results = republish::publish(broker, &messages).await;
        replayed.published += results.iter().filter(|result| result.is_ok()).count() as u64;
        if let Some(error) = results.into_iter().find_map(Result::err) {
            return Err(ReplayError::Publish(replayed.published, error));
        }
    }
    Ok(replayed)
}

/// Reads a tenant's id from the command line.
pub(crate) fn tenant(id: &str) -> Result<TenantId, String> {
    TenantId::parse(id).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tenant: &str, received_at: &str) -> Message {
        let attributes = [("tenant_id", tenant), ("received_at", received_at)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Message { data: Vec::new(), attributes: attributes.into() }
    }

    fn selection(tenant: Option<&str>, from: Option<&str>, to: Option<&str>) -> Selection {
        let day = |text: &str| text.parse().expect("a day");
        let tenant = tenant.map(|id| TenantId::parse(id).expect("a tenant"));
        Selection { tenant, from: from.map(day), to: to.map(day), mark: "now".to_owned() }
    }

    #[test]
    fn tenant_and_days_select_with_both_ends_included() {
        let of_acme = message("acme", "2026-03-02T23:59:59.999Z");
        assert!(selection(None, None, None).takes(&of_acme));
        assert!(selection(Some("acme"), Some("2026-03-02"), Some("2026-03-02")).takes(&of_acme));
        assert!(!selection(Some("beta"), None, None).takes(&of_acme));
        assert!(!selection(None, Some("2026-03-03"), None).takes(&of_acme));
        assert!(!selection(None, None, Some("2026-03-01")).takes(&of_acme));
    }

    #[test]
    fn an_unreadable_tenant_or_day_is_selected_only_if_none_is_asked_for() {
        let stray = message("../beta", "yesterday");
        assert!(selection(None, None, None).takes(&stray));
        assert!(!selection(Some("acme"), None, None).takes(&stray));
        assert!(!selection(None, Some("2026-03-03"), None).takes(&stray));
    }
}
