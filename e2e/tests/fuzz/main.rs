//! Mutated events against the real program: none is answered 5xx, and each one that the answer calls
//! counted is counted once.
//!
//! `FUZZ_SEED` repeats a run: a request depends on the seed and its number only. `FUZZ_EVENTS` is the
//! number of requests.

mod books;
mod bytes;
mod draft;
mod events;
mod fields;
mod headers;

use std::time::Instant;

use e2e::api::{Answer, Api, answer};
use e2e::deployment::{Deployment, Settings};
use futures::{StreamExt as _, stream};
use reqwest::Method;

use books::Books;
use draft::Request;

/// As many as a debug build takes in about a minute; 100,000 take it several.
const EVENTS: u64 = 20_000;
/// Requests in flight at once.
const AT_ONCE: usize = 64;
/// The least of the events that must be taken, and that must be refused, in percent. With fewer,
/// the run would show nothing.
const LEAST_PERCENT: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_mutated_event_is_answered_5xx_and_each_counted_one_is_counted() {
    let seed = setting("FUZZ_SEED").unwrap_or_else(rand::random);
    let events = setting("FUZZ_EVENTS").unwrap_or(EVENTS);
    println!("FUZZ_SEED={seed} FUZZ_EVENTS={events}");
    let deployment = Deployment::embedded(Settings::new()).await;
    let api = Api::new(deployment.url());
    let mut books = Books::default();
    let began = Instant::now();
    let send = |number| {
        let api = &api;
        async move {
            let request = events::request(seed, number);
            let answer = send(api, &request).await;
            (format!("request {number} of FUZZ_SEED={seed}"), request, answer)
        }
    };
    let mut answers = stream::iter(0..events).map(send).buffer_unordered(AT_ONCE);
    while let Some((what, request, answer)) = answers.next().await {
        books.enter(&what, &request, &answer);
    }
    println!("{events} requests in {:.1?}: {books}", began.elapsed());
    books.assert_mixed(events::pairs(events), LEAST_PERCENT);
    books.assert_balanced(&api).await;
    println!("balanced after {:.1?}", began.elapsed());
}

/// A number in the environment.
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a whole number: {text}")))
}

async fn send(api: &Api, request: &Request) -> Answer {
    let sent = api.request(Method::POST, &request.path).body(request.body.clone());
    let add = |sent: reqwest::RequestBuilder, (name, value): &(&'static str, Vec<u8>)| {
        sent.header(*name, value.as_slice())
    };
    answer(request.headers.iter().fold(sent, add)).await
}
