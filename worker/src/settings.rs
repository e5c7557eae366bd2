//! The worker's settings.

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::{ArgAction, Args, value_parser};
use common::retention::Keep;
use common::rollup::LogDimensions;
use common::store::CommitLimits;
use common::text::segment::MAX_CHARACTERS;

/// Longest work on one message, in seconds: a delivery times out after 600 s at the latest.
const MAX_WORK_SECONDS: f64 = 540.0;

/// The bounds of the settings. `terraform/variables.tf` has the same; a test compares them.
const SECONDS_PER_CHARACTER: RangeInclusive<f64> = 0.0..=MAX_WORK_SECONDS / MAX_CHARACTERS as f64;
const ROLLUP_SHARDS: RangeInclusive<i64> = 1..=100;
const RETENTION_DAYS: RangeInclusive<i64> = 32..=36_500;
const COMMIT_INTERVAL_MS: RangeInclusive<i64> = 0..=30_000;

/// What the worker does with a record.
#[derive(Args, Clone, Copy, Debug)]
pub struct WorkerSettings {
    /// The simulated heavy work on a text, in seconds per character.
    #[arg(long, env = "WORK_SECONDS_PER_CHAR", default_value = "0.05",
        value_parser = seconds_per_character)]
    pub work_seconds_per_char: f64,

    /// Whether to store (and quarantine) the unredacted text too.
    #[arg(long, env = "STORE_ORIGINAL", default_value_t = true, action = ArgAction::Set)]
    pub store_original: bool,

    /// How many documents to spread each summed count over: Firestore takes more writes a second
    /// on more documents.
    #[arg(long, env = "ROLLUP_SHARDS", default_value_t = 1,
        value_parser = value_parser!(u32).range(ROLLUP_SHARDS))]
    pub rollup_shards: u32,

    /// Which details of access logs are counted besides the number of requests, as a
    /// comma-separated list of paths, user_agents, status, bytes, referers and hosts, or none.
    /// Status and bytes cost no further document; each of the others costs three for each of its
    /// values in a minute.
    #[arg(long, env = "LOG_DIMENSIONS", default_value_t = LogDimensions::ALL)]
    pub log_dimensions: LogDimensions,

    /// Days after which stored records expire, at least 32 [default: never].
    #[arg(long, env = "RETENTION_DAYS", value_parser = value_parser!(u32).range(RETENTION_DAYS))]
    pub retention_days: Option<u32>,

    /// Shortest time between two commits that write the same document, in milliseconds, at most 30000
    /// [default: 250 on Firestore, 0 embedded].
    #[arg(long, env = "COMMIT_INTERVAL_MS",
        value_parser = value_parser!(u32).range(COMMIT_INTERVAL_MS))]
    pub commit_interval_ms: Option<u32>,
}

impl WorkerSettings {
    /// The store's own limits, with the commit interval that was set.
    pub(crate) fn commit_limits(&self, of_store: CommitLimits) -> CommitLimits {
        let set = self.commit_interval_ms.map(|ms| Duration::from_millis(ms.into()));
        CommitLimits { interval: set.unwrap_or(of_store.interval), ..of_store }
    }

    /// What to keep of a record, and for how long.
    pub(crate) fn keep(&self) -> Keep {
        Keep { original: self.store_original, days: self.retention_days }
    }

    /// How long the simulated work on a text takes.
    pub(crate) fn work_on(&self, text: &str) -> Duration {
        let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        Duration::from_secs_f64(self.work_seconds_per_char) * characters
    }
}

fn seconds_per_character(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds".to_owned())?;
    if SECONDS_PER_CHARACTER.contains(&seconds) {
        return Ok(seconds);
    }
    let most = *SECONDS_PER_CHARACTER.end();
    Err(format!(
        "must be between 0 and {most}: the work on a part of {MAX_CHARACTERS} characters must end \
         within {MAX_WORK_SECONDS} s, before its delivery times out"
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        settings: WorkerSettings,
    }

    fn parsed(options: &[&str]) -> Result<WorkerSettings, clap::Error> {
        let arguments = [&["worker"], options].concat();
        Program::try_parse_from(arguments).map(|program| program.settings)
    }

    #[test]
    fn work_that_outlasts_its_delivery_is_refused() {
        assert_eq!(seconds_per_character("0.05"), Ok(0.05));
        assert_eq!(seconds_per_character("0"), Ok(0.0));
        assert_eq!(seconds_per_character("0.135"), Ok(0.135));
        for bad in ["0.136", "-1", "NaN", "inf", "fast"] {
            assert!(seconds_per_character(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_store_s_own_commit_interval_gives_way_to_the_one_that_is_set() {
        let default = parsed(&[]).expect("the defaults");
        let set = parsed(&["--commit-interval-ms", "7"]).expect("a setting");
        let of_store =
            CommitLimits { interval: Duration::from_millis(250), ..CommitLimits::ONE_AT_A_TIME };
        assert_eq!(default.commit_limits(of_store), of_store);
        let expected = CommitLimits { interval: Duration::from_millis(7), ..of_store };
        assert_eq!(set.commit_limits(of_store), expected);
    }

    #[test]
    fn a_commit_interval_outlasts_no_delivery() {
        assert!(parsed(&["--commit-interval-ms", "30000"]).is_ok());
        assert!(parsed(&["--commit-interval-ms", "30001"]).is_err());
    }
}
