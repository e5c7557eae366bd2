//! The options of `spillway generate`, and the combinations of them that make no sense.

use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate, Utc};
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser as _};
use common::tenant::{TenantError, TenantId};
use reqwest::Url;

use super::events::Recipe;
use crate::http;

/// The first day whose events a server accepts.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day");

/// Send a realistic sample of page views, clicks and locations to a running deployment.
///
/// A server must be running: start one with `cargo run` in another terminal, or name one with
/// --target.
///
/// The same options make the same events with the same ids: sent twice, they count once. With other
/// days, users, tenants or another seed, the events have other ids. A larger --events begins with
/// the same events.
///
/// Exit code 0: every event was answered 202. 1: some were not, or the events could not be written.
/// 2: an option is not valid.
#[derive(Args, Clone, Debug)]
pub struct GenerateArgs {
    /// The base URL of the deployment; `none` sends nothing, and is for use with --out
    #[arg(long, value_name = "URL|none", default_value = "http://127.0.0.1:8080", value_parser = target)]
    pub(super) target: Target,

    /// How many events to send
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    pub(super) events: usize,

    /// How many users the events come from; a few are far busier than the others
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    users: u32,

    /// The first day of the events, in UTC
    #[arg(long, value_name = "DAY", default_value = "2025-05-01")]
    from: NaiveDate,

    /// The last day of the events, in UTC; today at the latest
    #[arg(long, value_name = "DAY", default_value = "2025-05-29")]
    to: NaiveDate,

    /// The tenant of the events; repeat the option for several tenants, of which the first gets the
    /// most
    #[arg(long, value_name = "ID", default_value = TenantId::DEFAULT, value_parser = tenant)]
    tenant: Vec<String>,

    /// Another seed makes other events with other ids
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,

    /// Also write the events to this file, one JSON object per line; `-` is standard output
    #[arg(long, value_name = "FILE|-", value_parser = PathBufValueParser::new().map(Out::from))]
    pub(super) out: Option<Out>,

    /// How many requests to send at the same time
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub(super) concurrency: u32,
}

/// Where the events are sent.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Nowhere,
    Deployment(Url),
}

/// Where the events are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Out {
    Stdout,
    File(PathBuf),
}

impl From<PathBuf> for Out {
    fn from(path: PathBuf) -> Self {
        if path == Path::new("-") { Self::Stdout } else { Self::File(path) }
    }
}

impl GenerateArgs {
    /// The events to make, or what is wrong with the days.
    pub(super) fn recipe(&self) -> Result<Recipe, &'static str> {
        if self.from > self.to {
            return Err("--from must not be after --to");
        }
        if self.from < FIRST_DAY {
            return Err("--from must be 2000-01-01 or later");
        }
        // A server accepts events of up to 24 hours ahead, which may end before tomorrow does.
        if self.to >= Utc::now().date_naive() + Days::new(1) {
            return Err("--to must not be after today, UTC");
        }
        Ok(Recipe {
            events: self.events,
            users: self.users as usize,
            first: self.from,
            last: self.to,
            tenants: self.tenant.clone(),
            seed: self.seed,
        })
    }
}

fn target(text: &str) -> Result<Target, String> {
    match text {
        "none" => Ok(Target::Nowhere),
        url => http::target(url).map(Target::Deployment),
    }
}

fn tenant(text: &str) -> Result<String, TenantError> {
    TenantId::parse(text).map(|tenant| tenant.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: GenerateArgs,
    }

    pub(in crate::generate) fn parse(words: &[&str]) -> Result<GenerateArgs, clap::Error> {
        let words = std::iter::once(&"generate").chain(words);
        Command::try_parse_from(words).map(|command| command.args)
    }

    #[test]
    fn a_dash_is_standard_output() {
        let out = |words: &[&str]| parse(words).expect("valid options").out;
        assert_eq!(out(&["--out", "-"]), Some(Out::Stdout));
        assert_eq!(out(&["--out", "./-"]), Some(Out::File("./-".into())));
        assert_eq!(out(&[]), None);
    }

    #[test]
    fn invalid_options_are_refused() {
        let cases: [&[&str]; 7] = [
            &["--target", "nowhere"],
            &["--target", "localhost:8080"],
            &["--users", "0"],
            &["--tenant", "../x"],
            &["--from", "2025-02-30"],
            &["--concurrency", "0"],
            &["--events", "-1"],
        ];
        for words in cases {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn days_in_the_wrong_order_or_outside_the_range_of_the_api_are_refused() {
        let recipe = |from: &str, to: &str| {
            parse(&["--from", from, "--to", to]).expect("two days").recipe().map(drop)
        };
        let today = Utc::now().date_naive();
        let tomorrow = (today + Days::new(1)).to_string();
        assert_eq!(recipe("2000-01-01", "2000-01-01"), Ok(()));
        assert_eq!(recipe("2000-01-01", &today.to_string()), Ok(()));
        for (from, to) in
            [("2025-05-02", "2025-05-01"), ("1999-12-31", "2025-05-01"), ("2025-05-01", &tomorrow)]
        {
            assert!(recipe(from, to).is_err(), "{from} {to}");
        }
    }
}
