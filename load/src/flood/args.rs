//! The options of `spillway flood`, and the combinations of them that make no sense.

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::Args;
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::plan::Plan;
use super::readback::Verify;
use crate::token::Token;
use crate::{duration, http};

/// The most records in a run: a few bytes of each are kept in memory.
const MOST_RECORDS: u128 = 10_000_000;

/// The longest text, in characters: at four bytes each, it must fit into a request.
const MOST_CHARACTERS: usize = 1_000_000;

/// Send logs to a running deployment at a fixed rate, read them back, and report what is wrong.
///
/// Half of the logs are JSON and half are plain text. The report lists each record that is missing,
/// duplicated, in the wrong tenant or changed.
///
/// A server must be running: start one with `cargo run` in another terminal, or name one with
/// --target.
///
/// Each request is sent when it is due, even if earlier ones are unanswered, and its latency counts
/// from that time, so that a stalling server shows (an open loop).
///
/// The first Ctrl-C stops the sending (or, later, the waiting) and goes on to the report; the
/// second ends the program.
///
/// Exit code 0: every record was answered 202 and found once, unchanged, in its own tenant. 1: some
/// were not, or no server answered. 2: an option is not valid. 130: ended by a second Ctrl-C.
#[derive(Args, Clone, Debug)]
pub struct FloodArgs {
    /// The base URL of the deployment
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = http::target)]
    target: Url,

    /// Requests per minute, over all tenants
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    rpm: u32,

    /// How long to send, such as 60s, 5m or 1h30m
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    duration: Duration,

    /// How many tenants to spread the records over
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    tenants: u16,

    /// The same seed makes the same formats and texts [default: random, shown in the report]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// How long to wait after sending until all records are stored
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration::parse)]
    read_back_timeout: Duration,

    /// The deployment's read token, sent as a bearer token with every read
    #[arg(long, value_name = "TOKEN", env = "READ_TOKEN", hide_env_values = true)]
    token: Option<Token>,

    /// The length of an ordinary text in characters: a number, or a range such as 30-120
    #[arg(long, value_name = "N[-N]", default_value = "30-120", value_parser = characters)]
    text_characters: RangeInclusive<usize>,

    /// The longest large text in characters; one text in a hundred is large, and above 4000 it is
    /// cut into several parts; 0 sends none
    #[arg(long, value_name = "N", default_value_t = 1_200, value_parser = large_characters)]
    large_characters: usize,

    /// How many requests may be in flight; any more that are due are counted but not sent
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    connections: u32,

    /// How often to try a record that is answered 429, 502, 503, 504 or not at all
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    tries: u32,

    /// How long to wait for each answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration::parse)]
    request_timeout: Duration,

    /// How many stored documents to compare with what was sent: `all`, or the size of a random sample
    #[arg(long, value_name = "all|N", default_value = "2000")]
    verify: Verify,

    /// Print the report as JSON, with every finding
    #[arg(long)]
    json: bool,
}

impl FloodArgs {
    /// The base URL, without a trailing slash.
    pub(super) fn base(&self) -> String {
        http::base(&self.target)
    }

    /// The deployment's URL.
    pub(super) fn target(&self) -> &Url {
        &self.target
    }

    /// How many requests may be in flight.
    pub(super) fn connections(&self) -> usize {
        self.connections as usize
    }

    /// How often a record is tried at most.
    pub(super) fn tries(&self) -> u32 {
        self.tries
    }

    /// How long to wait for each answer.
    pub(super) fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// How long to wait until all records are stored.
    pub(super) fn read_back_timeout(&self) -> Duration {
        self.read_back_timeout
    }

    /// How many stored documents to compare.
    pub(super) fn verify(&self) -> Verify {
        self.verify
    }

    /// Whether to print the report as JSON.
    pub(super) fn json(&self) -> bool {
        self.json
    }

    /// The `Authorization` header of the reads, if there is a token.
    pub(super) fn authorization(&self) -> Result<Option<HeaderValue>, String> {
        self.token.as_ref().map_or(Ok(None), Token::authorization)
    }

    /// What to send in the run of this name.
    pub(super) fn plan(&self, run: String) -> Result<Plan, String> {
        Ok(Plan {
            run,
            seed: self.seed.unwrap_or_else(rand::random),
            records: self.records()?,
            tenants: usize::from(self.tenants),
            interval: Duration::from_mins(1) / self.rpm,
            characters: self.text_characters.clone(),
            large_characters: self.large_characters,
        })
    }

    fn records(&self) -> Result<usize, String> {
        let records = self.duration.as_millis() * u128::from(self.rpm) / 60_000;
        match usize::try_from(records) {
            Ok(0) => Err("no request is due within the duration; raise --rpm or --duration".into()),
            Ok(number) if records <= MOST_RECORDS => Ok(number),
            _ => Err(format!(
                "a run of {records} records is too large; the most is {MOST_RECORDS}: lower --rpm or --duration"
            )),
        }
    }
}

fn characters(text: &str) -> Result<RangeInclusive<usize>, String> {
    let (least, most) = text.split_once('-').unwrap_or((text, text));
    let number =
        |n: &str| n.trim().parse().map_err(|_| "must be a number, or a range such as 30-120");
    let (least, most): (usize, usize) = (number(least)?, number(most)?);
    if least == 0 || most < least || most > MOST_CHARACTERS {
        return Err(format!("must be between 1 and {MOST_CHARACTERS}, the smaller number first"));
    }
    Ok(least..=most)
}

fn large_characters(text: &str) -> Result<usize, String> {
    let number = text.parse().map_err(|_| "must be a number".to_owned())?;
    if number > MOST_CHARACTERS {
        return Err(format!("must be at most {MOST_CHARACTERS}"));
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: FloodArgs,
    }

    fn parse(words: &[&str]) -> Result<FloodArgs, clap::Error> {
        let words = std::iter::once(&"flood").chain(words);
        Command::try_parse_from(words).map(|command| command.args)
    }

    #[test]
    fn by_default_a_thousand_records_are_sent_in_a_minute() {
        let args = parse(&[]).expect("no option is needed");
        let plan = args.plan("run".to_owned()).expect("valid defaults");
        assert_eq!((plan.records, plan.tenants), (1_000, 4));
        assert_eq!(plan.interval, Duration::from_millis(60));
        assert_eq!(args.base(), "http://127.0.0.1:8080");
    }

    #[test]
    fn invalid_options_are_refused() {
        let cases: [&[&str]; 10] = [
            &["--rpm", "0"],
            &["--duration", "60"],
            &["--tenants", "0"],
            &["--target", "ftp://host"],
            &["--target", "host:8080"],
            &["--target", "http://user:word@host"],
            &["--target", "http://host/?x=1"],
            &["--text-characters", "120-30"],
            &["--large-characters", "1000001"],
            &["--verify", "some"],
        ];
        for words in cases {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_run_without_records_or_with_too_many_is_refused() {
        let run = || "run".to_owned();
        let none = parse(&["--rpm", "1", "--duration", "1s"]).expect("valid options");
        let many = parse(&["--rpm", "1000000", "--duration", "1h"]).expect("valid options");
        assert!(none.plan(run()).is_err());
        assert!(many.plan(run()).is_err());
    }

    #[test]
    fn a_token_is_hidden_in_debug_output_and_an_empty_one_is_none() {
        let args = parse(&["--token", "s3cret"]).expect("a token");
        let header = args.authorization().expect("a header").expect("a token");
        assert_eq!(header.to_str().ok(), Some("Bearer s3cret"));
        assert!(!format!("{args:?}{header:?}").contains("s3cret"));
        let empty = parse(&["--token", ""]).expect("an empty token");
        assert_eq!(empty.authorization(), Ok(None));
    }
}
