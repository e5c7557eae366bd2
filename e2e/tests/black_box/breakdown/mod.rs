//! Where visitors come from and what they use: every breakdown equals an independent count.

mod answers;
mod count;
mod removal;
mod visits;

use std::time::Duration;

use e2e::api::{Answer, Api, answer, eventually, new_tenant};
use e2e::binaries::Binaries;
use e2e::deployment::{Cloud, Deployment, Settings};
use e2e::emulators::Emulators;
use e2e::relay::Faults;
use futures::{StreamExt as _, stream};
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use answers::*;
use count::{count, rows};
use visits::{Visit, visits};

const DIMENSIONS: [&str; 15] = [
    "source",
    "referrer",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "browser",
    "os",
    "device",
    "language",
    "country",
    "entry_page",
    "host",
    "event",
];

fn settings() -> Settings {
    vec![("COUNTRY_HEADERS", "X-None,X-Country".to_owned())]
}

async fn send(api: &Api, site: &str, visit: &Visit) -> Answer {
    let mut body = visit.body.clone();
    body["site_id"] = json!(site);
    let request = api.request(Method::POST, "/event").json(&body);
    let headers = visit.headers.iter();
    answer(headers.fold(request, |request, (name, value)| request.header(*name, *value))).await
}

/// Sends all, in this order, until each is accepted.
async fn send_all(api: &Api, site: &str, sent: &[Visit]) {
    let send = async |visit: &Visit| {
        let answer = send(api, site, visit).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    };
    stream::iter(sent).for_each_concurrent(32, send).await;
}

async fn counted(api: &Api, site: &str, number: usize) {
    let path = format!("/analytics/event-counts?tenant_id={site}");
    eventually(&format!("{site} has {number} events"), async || {
        (api.get(&path).await.body["total_events"] == number).then_some(())
    })
    .await;
}

async fn breakdown(api: &Api, site: &str, dimension: &str, query: &str) -> Value {
    let path = format!("/stats/breakdown?site_id={site}&dimension={dimension}&limit=1000{query}");
    let answer = api.get(&path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    assert_eq!(
        (&answer.body["site_id"], &answer.body["dimension"]),
        (&json!(site), &json!(dimension))
    );
    answer.body["rows"].clone()
}

/// Compares every dimension with a count of the events: of all time, of each day with the day before,
/// and of the second half of the days with the first one.
async fn assert_exact(api: &Api, site: &str, visits: &[Visit], days: u32) {
    let day = |day: u32| format!("2025-05-{day:02}");
    let mut periods: Vec<_> =
        (2..=days).map(|n| [day(n - 1), day(n - 1), day(n), day(n)]).collect();
    periods.push([day(1), day(days / 2), day(days / 2 + 1), day(days / 2 * 2)]);
    for dimension in DIMENSIONS {
        let all = count(visits, dimension, "2025-05-01", "2025-05-31");
        assert!(all.len() > 1, "{dimension} says nothing");
        assert_eq!(breakdown(api, site, dimension, "").await, rows(&all, None), "{dimension}");
        for [before, until, first, last] in &periods {
            let before = count(visits, dimension, before, until);
            let expected = rows(&count(visits, dimension, first, last), Some(&before));
            let query = format!("&from={first}&to={last}&compare=previous");
            let found = breakdown(api, site, dimension, &query).await;
            assert_eq!(found, expected, "{dimension} from {first} to {last}");
        }
    }
}

/// Compares pairs of dimensions with a count of the events: for each value of one, every value of another.
async fn assert_pairs_exact(api: &Api, site: &str, visits: &[Visit]) {
    for (filter, dimension) in [("source", "country"), ("country", "os"), ("event", "source")] {
        let (first, last) = ("2025-05-01", "2025-05-31");
        for value in count(visits, filter, first, last).into_keys() {
            let has = |visit: &&Visit| visit.dimensions.get(filter) == Some(&value);
            let selected: Vec<Visit> = visits.iter().filter(has).cloned().collect();
            let query = format!("&filter={filter}:{}", urlencoded(&value));
            let found = breakdown(api, site, dimension, &query).await;
            let expected = rows(&count(&selected, dimension, first, last), None);
            assert_eq!(found, expected, "{dimension} of {filter} {value}");
        }
    }
}

fn urlencoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_breakdown_is_exact_embedded() {
    let (visits, site) = (visits(1, 3_000, 6), new_tenant());
    let mut sent = Vec::new();
    for visit in &visits {
        let times = rand::rng().random_range(1..=4);
        sent.extend(std::iter::repeat_n(visit.clone(), times));
    }
    sent.shuffle(&mut rand::rng());
    let mut deployment = Deployment::embedded(settings()).await;
    let half = sent.len() / 2;
    send_all(&Api::new(deployment.url()), &site, &sent[..half]).await;
    deployment.crash_worker().await.expect("it starts again");
    let api = Api::new(deployment.url());
    send_all(&api, &site, &sent[half..]).await;
    counted(&api, &site, visits.len()).await;
    assert_exact(&api, &site, &visits, 6).await;
    assert_pairs_exact(&api, &site, &visits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_breakdown_is_exact_in_the_cloud() {
    let (visits, site) = (visits(2, 400, 2), new_tenant());
    let faults = Faults { repeats: 3, delay: Duration::from_millis(300), ..Faults::default() };
    let mut settings = settings();
    settings.push(("COMMIT_INTERVAL_MS", "50".to_owned()));
    let emulators = Emulators::shared().await;
    let cloud = Cloud::of(Binaries::shared().await, emulators, settings, faults).await;
    let deployment = Deployment::Cloud(Box::new(cloud.unwrap_or_else(|error| panic!("{error}"))));
    let api = Api::new(deployment.url());
    let mut sent = visits.clone();
    sent.shuffle(&mut rand::rng());
    send_all(&api, &site, &sent).await;
    counted(&api, &site, visits.len()).await;
    assert_exact(&api, &site, &visits, 2).await;
    assert_pairs_exact(&api, &site, &visits).await;
}

e2e::on_shared_deployments!(
    a_client_that_asks_for_csv_gets_it,
    a_filter_leaves_one_value,
    a_filter_on_another_dimension_selects_events,
    an_unknown_site_has_no_rows_and_bad_parameters_are_refused,
    values_beyond_a_day_s_bound_are_counted_as_others,
    live_visitors_are_those_of_the_last_five_minutes,
    an_event_keeps_what_it_is_counted_by_and_no_user_agent,
);
