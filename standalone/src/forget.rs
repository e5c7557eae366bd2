//! `spillway forget`: removes a user, a page or a period of a tenant from a running server.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Args;
use common::program;
use common::tenant::TenantId;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::replay::tenant;
use crate::server::{Server, ServerArgs, ServerError};

/// Remove a user, a page or a period of a tenant from a running server, and from all its counts.
///
/// With --user or --path, those events are removed: of all days, or of those from --from to --to. With
/// --from and --to alone, everything of these days is: events, texts, batches of access logs, counts, and
/// quarantined messages. Asks again until nothing is left, and prints as JSON how many documents were
/// removed. The raw archive is not touched, and a replay of it brings back what was removed.
///
/// Exit code 0: nothing is left. 1: the server refused, or does not answer: send it again. 2: an option
/// is not valid.
#[derive(Args, Debug)]
#[group(id = "part", multiple = true, required = true, args = ["user", "path", "from", "to"])]
pub(crate) struct ForgetArgs {
    /// The tenant
    #[arg(value_name = "TENANT", value_parser = tenant)]
    tenant: TenantId,

    /// The user, as its events name it
    #[arg(long, value_name = "ID", conflicts_with = "path")]
    user: Option<String>,

    /// The page, as the statistics name it
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// The first day in UTC, such as 2025-05-01
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,

    /// The last day in UTC
    #[arg(long, value_name = "DAY")]
    to: Option<NaiveDate>,

    #[command(flatten)]
    server: ServerArgs,
}

/// Why something may be left.
#[derive(Debug, Error)]
enum ForgetError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("the server's answer does not say what it has removed")]
    NoReport(#[source] serde_json::Error),
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
}

/// What the server says that it has removed.
#[derive(Debug, Deserialize, Serialize)]
struct Report {
    tenant_id: String,
    complete: bool,
    removed: BTreeMap<String, u64>,
}

/// Removes, prints what was removed, and returns the exit code that the command's help promises.
pub(crate) async fn run(args: ForgetArgs) -> ExitCode {
    program::ended(forget(&args).await.and_then(|report| print(&report)))
}

/// Asks until nothing is left.
async fn forget(args: &ForgetArgs) -> Result<Report, ForgetError> {
    let server = Server::of(&args.server)?;
    let mut all = ask(&server, args).await?;
    while !all.complete {
        let more = ask(&server, args).await?;
        all.complete = more.complete;
        for (collection, count) in more.removed {
            *all.removed.entry(collection).or_default() += count;
        }
    }
    Ok(all)
}

async fn ask(server: &Server, args: &ForgetArgs) -> Result<Report, ForgetError> {
    let path = format!("/tenants/{}", args.tenant);
    let request = server.request(Method::DELETE, &path)?.query(&args.parameters());
    let answer = server.answer(request).await?;
    let body = answer.bytes().await.map_err(|error| server.silent(&error))?;
    serde_json::from_slice(&body).map_err(ForgetError::NoReport)
}

impl ForgetArgs {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string());
        let all = [
            ("user_id", self.user.clone()),
            ("path", self.path.clone()),
            ("from", day(self.from)),
            ("to", day(self.to)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

fn print(report: &Report) -> Result<(), ForgetError> {
    let text = serde_json::to_string(report).map_err(ForgetError::NoReport)?;
    writeln!(io::stdout(), "{text}").map_err(ForgetError::Stdout)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(no_binary_name = true)]
    struct Command {
        #[command(flatten)]
        args: ForgetArgs,
    }

    fn parameters(words: &[&str]) -> Option<Vec<(&'static str, String)>> {
        let words = [&["acme"], words].concat();
        Command::try_parse_from(words).ok().map(|command| command.args.parameters())
    }

    #[test]
    fn a_part_is_named_as_the_server_names_it() {
        let days = ["--from", "2025-05-01", "--to", "2025-05-31"];
        let named = parameters(&[&["--user", "ann"], &days[..]].concat());
        let expected = [("user_id", "ann"), ("from", "2025-05-01"), ("to", "2025-05-31")];
        assert_eq!(named, Some(expected.map(|(name, value)| (name, value.to_owned())).to_vec()));
        assert_eq!(parameters(&["--path", "/a"]), Some(vec![("path", "/a".to_owned())]));
    }

    #[test]
    fn a_tenant_is_not_removed_whole_by_mistake() {
        for words in [&[][..], &["--user", "a", "--path", "/a"], &["--from", "May"]] {
            assert_eq!(parameters(words), None, "{words:?}");
        }
    }
}
