//! `spillway replay`: publishes archived messages again. Effects are once, so what is stored
//! already stays as it is, and what is missing comes back.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{NaiveDate, SecondsFormat, Utc};
use clap::Args;
use common::broker::embedded::{Inbox, QueueError};
use common::broker::{Broker as _, Message, PublishError};
use common::config::LogArgs;
use common::message::{self, attribute};
use common::tenant::TenantId;
use common::{program, telemetry};
use thiserror::Error;
use tokio::sync::mpsc;

use crate::archive::{Corrupt, Input, Line, day, inputs};
use crate::progress::progress;

/// Messages in one transaction: short, since the server waits for it.
const AT_ONCE: usize = 200;
/// Tries of one transaction.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// The archive's folder, or one file of it.
    #[arg(long, value_name = "DIR")]
    archive: PathBuf,

    /// Only this tenant's messages.
    #[arg(long, value_name = "ID", value_parser = tenant)]
    tenant: Option<TenantId>,

    /// Only messages received on this day or later, UTC.
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,

    /// Only messages received on this day or earlier, UTC.
    #[arg(long, value_name = "DAY")]
    to: Option<NaiveDate>,

    /// The data folder whose queue gets the messages, while its server runs or not.
    #[arg(long, env = "DATA_DIR", default_value = "./spillway-data")]
    data_dir: PathBuf,

    #[command(flatten)]
    log: LogArgs,
}

/// Why not everything was published.
#[derive(Debug, Error)]
enum ReplayError {
    #[error("the archive {0} cannot be read")]
    Archive(PathBuf, #[source] io::Error),
    #[error("--from {0} is after --to {1}")]
    Period(NaiveDate, NaiveDate),
    #[error("the data folder {0} cannot be made")]
    Folder(PathBuf, #[source] io::Error),
    #[error("the queue cannot be opened")]
    Queue(#[from] QueueError),
    #[error("{0} messages were published, then the queue took no more; to begin again is safe")]
    Publish(u64, #[source] PublishError),
}

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
struct Replayed {
    published: u64,
    left_out: u64,
    corrupt: u64,
}

/// Replays, and tells by the exit code how it went: 0 something was published, 1 nothing was, or
/// not all, 2 what was asked for is not there.
pub(crate) async fn run(args: ReplayArgs) -> ExitCode {
    telemetry::init(args.log.log_format);
    match replay(&args).await {
        Ok(Replayed { published, left_out, corrupt }) => {
            println!(
                "{published} messages published again, {left_out} left out, {corrupt} corrupt lines \
                 and files passed over\nThe server works on them now if it runs, else when it starts."
            );
            if published > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let usage = matches!(error, ReplayError::Archive(..) | ReplayError::Period(..));
            let failure = program::ended(Err(error));
            if usage { ExitCode::from(2) } else { failure }
        }
    }
}

async fn replay(args: &ReplayArgs) -> Result<Replayed, ReplayError> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(ReplayError::Period(from, to));
    }
    let inputs =
        inputs(&args.archive).map_err(|error| ReplayError::Archive(args.archive.clone(), error))?;
    let made = std::fs::create_dir_all(&args.data_dir);
    made.map_err(|error| ReplayError::Folder(args.data_dir.clone(), error))?;
    let inbox = Inbox::open(&args.data_dir, message::flow)?;
    let bar = progress(inputs.len(), "replaying");
    // A bounded channel: what is read waits until the queue has taken what was read before.
    let (send, mut items) = mpsc::channel(AT_ONCE);
    let (shown, selection) = (bar.clone(), Selection::of(args));
    let reading = tokio::task::spawn_blocking(move || {
        for input in inputs {
            read(&input, &selection, &send);
            shown.inc(1);
        }
    });
    let published = publish(&inbox, &mut items).await;
    drop(items);
    drop(reading.await);
    bar.finish_and_clear();
    published
}

/// Which messages are replayed.
struct Selection {
    tenant: Option<TenantId>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    /// The mark of a replay: when it began.
    now: String,
}

/// What was made of one line.
enum Item {
    Message(Message),
    LeftOut,
    Corrupt,
}

impl Selection {
    fn of(args: &ReplayArgs) -> Self {
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        Self { tenant: args.tenant.clone(), from: args.from, to: args.to, now }
    }

    fn item(&self, line: Result<Line, Corrupt>) -> Item {
        let message = match line.map(Line::into_message) {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => return corrupt(&error),
            Err(error) => return corrupt(&error),
        };
        if self.takes(&message) { Item::Message(self.marked(message)) } else { Item::LeftOut }
    }

    /// A message whose tenant or day cannot be read is taken where none is asked for.
    fn takes(&self, message: &Message) -> bool {
        let tenant = message::tenant(&message.attributes);
        let day = day(&message.attributes);
        self.tenant.as_ref().is_none_or(|only| tenant.as_ref() == Some(only))
            && self.from.is_none_or(|from| day.is_some_and(|day| from <= day))
            && self.to.is_none_or(|to| day.is_some_and(|day| day <= to))
    }

    fn marked(&self, mut message: Message) -> Message {
        message.attributes.insert(attribute::REPLAY.to_owned(), self.now.clone());
        message
    }
}

fn corrupt(error: &dyn std::error::Error) -> Item {
    tracing::warn!(%error, "passed over");
    Item::Corrupt
}

/// Nobody listens any more where publishing has failed.
fn read(input: &Input, selection: &Selection, send: &mpsc::Sender<Item>) {
    input.read(|line| {
        if !send.is_closed() {
            drop(send.blocking_send(selection.item(line)));
        }
    });
}

async fn publish(inbox: &Inbox, items: &mut mpsc::Receiver<Item>) -> Result<Replayed, ReplayError> {
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
        let count = messages.len() as u64;
        publish_all(inbox, messages)
            .await
            .map_err(|error| ReplayError::Publish(replayed.published, error))?;
        replayed.published += count;
    }
    Ok(replayed)
}

/// All or none, in one transaction; while the server writes, it may take several tries.
async fn publish_all(inbox: &Inbox, messages: Vec<Message>) -> Result<(), PublishError> {
    for attempt in 1.. {
        let mut results = inbox.publish(messages.clone()).await.into_iter();
        match results.find_map(Result::err) {
            Some(PublishError::Unavailable(_)) if attempt < TRIES => {
                tokio::time::sleep(PAUSE).await;
            }
            Some(error) => return Err(error),
            None => break,
        }
    }
    Ok(())
}

fn tenant(id: &str) -> Result<TenantId, String> {
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
        Selection { tenant, from: from.map(day), to: to.map(day), now: "now".to_owned() }
    }

    #[test]
    fn tenant_and_days_choose_with_both_ends_included() {
        let of_acme = message("acme", "2026-03-02T23:59:59.999Z");
        assert!(selection(None, None, None).takes(&of_acme));
        assert!(selection(Some("acme"), Some("2026-03-02"), Some("2026-03-02")).takes(&of_acme));
        assert!(!selection(Some("beta"), None, None).takes(&of_acme));
        assert!(!selection(None, Some("2026-03-03"), None).takes(&of_acme));
        assert!(!selection(None, None, Some("2026-03-01")).takes(&of_acme));
    }

    #[test]
    fn what_cannot_be_read_is_taken_only_where_nothing_is_asked_for() {
        let stray = message("../beta", "yesterday");
        assert!(selection(None, None, None).takes(&stray));
        assert!(!selection(Some("acme"), None, None).takes(&stray));
        assert!(!selection(None, Some("2026-03-03"), None).takes(&stray));
    }

    #[test]
    fn a_replayed_message_is_marked() {
        let marked = selection(None, None, None).marked(message("acme", ""));
        assert_eq!(marked.attributes["replay"], "now");
    }
}
