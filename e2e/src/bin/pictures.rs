//! Takes the pictures of the dashboard in the documents: fills a new Spillway with two months of a shop's
//! events, and photographs the light and the dark page, a filtered one, and a phone.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use e2e::api::{Api, answer};
use e2e::binaries::Binaries;
use e2e::browser::Browser;
use e2e::deployment::Deployment;
use futures::StreamExt as _;
use rand::Rng as _;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

/// Where the pictures go.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/images");
const TENANT: &str = "shop";
/// Each picture's name, what its address asks for, its width and height, and whether it is dark.
const PICTURES: [(&str, &str, (u32, u32), bool); 4] = [
    ("light", "period=30d", (1_200, 900), false),
    ("dark", "period=today", (1_200, 900), true),
    ("filter", "period=30d&filter=source:Google", (1_200, 900), false),
    ("phone", "period=7d", (390, 844), true),
];
const IS_SHOWN: &str =
    "document.readyState === 'complete' && !document.body.hasAttribute('aria-busy')";
/// Visits are shown once they are derived, and not with a filter.
const HAS_VISITS: &str = "document.getElementById('filtered').hidden === false \
    || document.getElementById('bounces-figure').hidden === false";

#[tokio::main]
async fn main() {
    let deployment = Deployment::embedded(vec![
        ("WORK_SECONDS_PER_CHAR", "0".to_owned()),
        ("COUNTRY_HEADERS", "X-Country".to_owned()),
    ])
    .await;
    let host = deployment.url();
    generate(&host).await;
    send_visits(&Api::new(host.clone())).await;
    send_requests(&Api::new(host.clone())).await;
    Browser::run(async |browser| {
        for (name, asked, (width, height), is_dark) in PICTURES {
            browser.look(width, height, is_dark).await;
            browser.open(&format!("{host}/dashboard?tenant={TENANT}&{asked}")).await;
            browser.until("the dashboard is shown", IS_SHOWN).await;
            browser.until("visits are shown", HAS_VISITS).await;
            let path = Path::new(FOLDER).join(format!("dashboard-{name}.png"));
            std::fs::create_dir_all(FOLDER).expect("a folder");
            std::fs::write(&path, browser.picture().await).expect("a file");
            println!("{}", path.display());
        }
    })
    .await;
}

async fn generate(host: &str) {
    let day = |back| (Utc::now() - TimeDelta::days(back)).date_naive().to_string();
    let generated = Command::new(Binaries::shared().await.path("spillway"))
        .args(["generate", "--target", host, "--tenant", TENANT, "--events", "18000"])
        .args(["--from", &day(59), "--to", &day(0)])
        .status();
    assert!(generated.await.expect("spillway runs").success());
}

/// Sends views of browsers: of these thirty days, and somewhat fewer of those before.
async fn send_visits(api: &Api) {
    let days =
        (0..60).flat_map(|back| (0..if back < 30 { 40 } else { 30 }).map(move |n| (back, n)));
    let sent = days.map(|(back, n)| send_visit(api, back, n));
    futures::stream::iter(sent).for_each_concurrent(16, |sent| sent).await;
}

async fn send_visit(api: &Api, back: i64, number: usize) {
    let pick = |of: &[&'static str]| {
        // The first ones are the most frequent.
        let share = rand::rng().random::<f64>();
        of[(share * share * of.len() as f64) as usize]
    };
    let path = pick(&["/", "/pricing", "/docs", "/blog/exactly-once", "/changelog"]);
    let campaign =
        pick(&["", "", "", "?utm_campaign=spring&utm_source=letter", "?utm_campaign=launch"]);
    let view = json!({
        "site_id": TENANT, "event_type": "view", "user_id": format!("visitor {}", number % 25),
        "path": path, "timestamp": Utc::now() - TimeDelta::days(back) - TimeDelta::seconds(number as i64),
        "payload": {"url": format!("https://shop.example{path}{campaign}"), "referrer": pick(REFERRERS)},
    });
    let request = api.request(Method::POST, "/event").json(&view);
    let request = request.header("origin", "https://shop.example");
    let request = request.header("user-agent", pick(BROWSERS));
    let request = request.header("accept-language", pick(&["en-GB", "de-AT", "fr", "pt-BR"]));
    let sent =
        answer(request.header("x-country", pick(&["GB", "AT", "DE", "FR", "BR", "US"]))).await;
    assert!(sent.status.is_success(), "{}", sent.body);
}

const REFERRERS: &[&str] = &[
    "https://www.google.com/",
    "",
    "https://news.ycombinator.com/item?id=1",
    "https://www.reddit.com/r/selfhosted/",
    "https://duckduckgo.com/",
    "https://blog.example.org/analytics",
    "https://t.co/abc",
];
const BROWSERS: &[&str] = &[
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
];

/// Sends today's access log so far, busier by day than by night.
async fn send_requests(api: &Api) {
    let now = Utc::now();
    let midnight = now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let minutes = (0..1_440).map(|minute| midnight + TimeDelta::minutes(minute));
    let entries: Vec<Value> = minutes.take_while(|at| *at < now).flat_map(requests).collect();
    for batch in entries.chunks(5_000) {
        let logs = api.request(Method::POST, "/logs").header("x-tenant-id", TENANT);
        let taken = answer(logs.json(batch)).await;
        assert!(taken.status.is_success(), "{}", taken.body);
    }
    let path = format!("/logs/stats?tenant_id={TENANT}&grain=day");
    e2e::api::eventually("all requests are counted", async || {
        let windows = api.get(&path).await.body;
        (windows["windows"][0]["requests"] == entries.len()).then_some(())
    })
    .await;
}

fn requests(at: DateTime<Utc>) -> Vec<Value> {
    const PATHS: [&str; 6] = ["/", "/", "/pricing", "/docs", "/api/items", "/static/app.js"];
    const AGENTS: [&str; 4] = [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "curl/8.5.0",
    ];
    let mut rng = rand::rng();
    let hour = f64::from(i32::try_from(at.timestamp() % 86_400).unwrap_or(0)) / 3_600.0;
    let usual = 14.0 - 11.0 * ((hour - 1.0) / 24.0 * std::f64::consts::TAU).cos();
    let count = (usual * rng.random_range(0.8..1.2)) as usize;
    let mut one = || {
        let path = PATHS[rng.random_range(0..PATHS.len())];
        let agent = AGENTS[rng.random_range(0..AGENTS.len())];
        json!({"receivedAt": at, "method": "GET", "path": path, "userAgent": agent})
    };
    (0..count).map(|_| one()).collect()
}
