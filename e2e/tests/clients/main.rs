//! The clients that people already have, with nothing but their endpoint changed: what Spillway counts
//! is what each client believes that it sent. `./dev clients` installs them and runs this.

mod belief;
mod counts;
mod installed;
mod outage;
mod roster;
mod run;
mod scenarios;
mod table;
mod tap;

use std::panic::AssertUnwindSafe;

use futures::{FutureExt as _, StreamExt as _};

use self::roster::{CLIENTS, Client};
use self::scenarios::{Outcome, outcome};

/// How many clients run at a time. Most of the time a client waits for an answer.
const AT_A_TIME: usize = 4;

/// Names the clients to run by a part of their name; the tables are then left alone.
const ONLY: &str = "CLIENTS_ONLY";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_counted_is_what_each_client_believes_it_sent() {
    let only = std::env::var(ONLY).ok().filter(|only| !only.is_empty());
    let chosen: Vec<&Client> = CLIENTS
        .iter()
        .filter(|client| only.as_ref().is_none_or(|only| client.name.contains(only.as_str())))
        .collect();
    assert!(!chosen.is_empty(), "no client is named {only:?}");
    let outcomes = futures::stream::iter(chosen)
        .map(async |client| (client, unless_it_panics(client).await))
        .buffered(AT_A_TIME)
        .inspect(|(client, outcome)| println!("{}: {outcome:?}", client.name))
        .collect::<Vec<_>>()
        .await;
    let failed: Vec<_> = outcomes
        .iter()
        .filter_map(|(client, outcome)| {
            Some(format!("{}: {}", client.name, outcome.as_ref().err()?))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    if only.is_none() {
        let rows: Vec<(&Client, Outcome)> = outcomes
            .into_iter()
            .filter_map(|(client, outcome)| Some((client, outcome.ok()?)))
            .collect();
        table::settle(&rows);
    }
}

/// A browser's panic is the failure of one client, and the others go on.
async fn unless_it_panics(client: &Client) -> Result<Outcome, String> {
    let outcome = AssertUnwindSafe(outcome(client)).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err("it panicked: see above".to_owned()))
}
