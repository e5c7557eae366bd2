//! What the command can be told, and what makes no sense to be told.

use std::path::PathBuf;

use chrono::{Days, NaiveDate, Utc};
use clap::Args;
use common::tenant::{TenantError, TenantId};
use reqwest::Url;

use super::data::Recipe;
use crate::http;

/// First day of which a server takes events.
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day");

/// Send a realistic sample of events to `POST /event` of a deployment.
///
/// The same arguments make the same events with the same ids: sent twice, they count once. Other
/// days, users or tenants make other ids; more events begin with the same ones. Ends with 0 when
/// every event was answered 202, with 1 when not, and with 2 when it was called wrongly.
#[derive(Args, Clone, Debug)]
pub struct GenerateArgs {
    /// Base URL of the deployment; `none` to send nothing
    #[arg(long, value_name = "URL|none", default_value = "http://127.0.0.1:8080", value_parser = target)]
    pub(super) target: Target,

    /// How many events
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    pub(super) events: usize,

    /// How many users they come from; some are far busier than others
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    users: u32,

    /// The first day, UTC
    #[arg(long, value_name = "DAY", default_value = "2025-05-01")]
    from: NaiveDate,

    /// The last day, UTC; today at the latest
    #[arg(long, value_name = "DAY", default_value = "2025-05-29")]
    to: NaiveDate,

    /// Whose events they are; where it is given several times, the first one has the most
    #[arg(long, value_name = "ID", default_value = "default", value_parser = tenant)]
    tenant: Vec<String>,

    /// Makes the same events with the same ids again, which count once
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,

    /// Write the events to this file too, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,

    /// Requests under way at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub(super) concurrency: u32,
}

/// Where the events go.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Nowhere,
    Deployment(Url),
}

impl GenerateArgs {
    /// What is to be made, or what is wrong with the days.
    pub(super) fn recipe(&self) -> Result<Recipe, &'static str> {
        if self.from > self.to {
            return Err("--from must not be after --to");
        }
        if self.from < FIRST_DAY {
            return Err("--from must be 2000-01-01 or later");
        }
        // The end of tomorrow may be more than the 24 hours ahead that a server takes.
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
    fn nonsense_is_refused() {
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
    fn days_in_the_wrong_order_or_out_of_the_api_s_range_are_refused() {
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
