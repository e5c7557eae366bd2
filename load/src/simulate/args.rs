//! The options of `spillway simulate`.

use std::time::Duration;

use clap::Args;
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::scenario::{Scenario, Size};
use crate::token::Token;
use crate::{duration, http};

/// Send the access logs of several customers, kill the server partway through, and compare its
/// counts.
///
/// Customers' batches are interleaved, in all four formats. The entries of a batch are spread over
/// half an hour, and one batch in four is sent twice. Halfway through, the server is killed with
/// SIGKILL and started again, and requests without an answer are sent again. In the end, every
/// window that the server serves, by minute, hour and day, is compared with the command's own
/// count: requests, paths and user agents.
///
/// Nothing else has to be running: the command starts its own server, on a free port and in a fresh
/// folder that it removes. If counts differ, it keeps the folder and says where it is. A deployment
/// named with --target is not killed; each run uses customers that are new to it.
///
/// Exit code 0: every window is right. 1: some are not, or a server could not be started or
/// reached. 2: an option is not valid. 130: ended by Ctrl-C or SIGTERM.
#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    /// The base URL of a running deployment [default: a server of its own]
    #[arg(long, value_name = "URL", value_parser = http::target)]
    target: Option<Url>,

    /// How many customers there are; each is a tenant
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    customers: u16,

    /// How many batches they send together, besides those that are sent twice
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batches: u32,

    /// How long they send, such as 8s or 2m
    #[arg(long, value_name = "TIME", default_value = "8s", value_parser = duration::parse)]
    duration: Duration,

    /// How long to wait after that until everything is counted
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    timeout: Duration,

    /// The same seed makes the same batches [default: random, shown in the report]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// The read token of the deployment at --target, sent as a bearer token with every read
    #[arg(long, value_name = "TOKEN", env = "READ_TOKEN", hide_env_values = true)]
    token: Option<Token>,
}

impl SimulateArgs {
    /// The deployment to send to; none stands for a server of its own.
    pub(super) fn target(&self) -> Option<&Url> {
        self.target.as_ref()
    }

    /// How long sending takes.
    pub(super) fn duration(&self) -> Duration {
        self.duration
    }

    /// How long to wait until everything is counted.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The `Authorization` header of the reads. A server of its own needs none.
    pub(super) fn authorization(&self) -> Result<Option<HeaderValue>, String> {
        let token = self.token.as_ref().filter(|_| self.target.is_some());
        token.map_or(Ok(None), Token::authorization)
    }

    /// What to send. On a deployment that others use, `run` keeps the customers of this run apart.
    pub(super) fn scenario(&self, run: &str) -> Scenario {
        let prefix = if self.target.is_some() { format!("simulate-{run}-") } else { String::new() };
        let size = Size { customers: self.customers.into(), batches: self.batches as usize };
        Scenario::new(&prefix, size, self.seed.unwrap_or_else(rand::random))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: SimulateArgs,
    }

    pub(in crate::simulate) fn parse(words: &[&str]) -> Result<SimulateArgs, clap::Error> {
        let words = std::iter::once(&"simulate").chain(words);
        Command::try_parse_from(words).map(|command| command.args)
    }

    #[test]
    fn invalid_options_are_refused() {
        let cases: [&[&str]; 6] = [
            &["--target", "localhost:8080"],
            &["--customers", "0"],
            &["--batches", "0"],
            &["--duration", "8"],
            &["--timeout", "0s"],
            &["--seed", "x"],
        ];
        for words in cases {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn only_on_a_named_deployment_the_customers_of_a_run_have_its_name_and_reads_a_token() {
        let own = parse(&["--token", "secret"]).expect("options");
        assert_eq!(own.scenario("7f").customers[0], "customer-1");
        assert_eq!(own.authorization(), Ok(None));
        let named = parse(&["--token", "secret", "--target", "http://host"]).expect("options");
        assert_eq!(named.scenario("7f").customers[3], "simulate-7f-customer-4");
        assert!(named.authorization().expect("a header").is_some());
    }
}
