//! Measures what the log line of a request costs, and the rules by which a browser's visit does not
//! count.
//!
//! ```sh
//! cargo build --release -p standalone
//! cargo run --release -p load --example request_cost -- target/release/spillway
//! ```
//!
//! It starts two servers, one that logs every request and one that logs none. The two cases of a pair
//! take turns, and another one begins in each round, so that whatever else the machine does slows
//! both. Compared is the processor time of the server, with everything that it does for a record,
//! also after the answer.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::{Client, RequestBuilder};
use tempfile::TempDir;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How often each case has its turn.
const ROUNDS: usize = 15;
/// Requests in flight at once.
const AT_ONCE: usize = 32;
/// How long to wait before looking again whether everything is stored.
const POLL: Duration = Duration::from_millis(20);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// What is sent in one turn.
struct Case<'a> {
    name: &'static str,
    server: &'a Server,
    request: fn(&Client, &str) -> RequestBuilder,
    /// How often.
    requests: usize,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let program = std::env::args().nth(1).ok_or("usage: request_cost PATH-OF-SPILLWAY")?;
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = Client::builder().no_proxy().tls_certs_only([]).build()?;
    let (silent, logging) = (Server::start(&program, "off")?, Server::start(&program, "all")?);
    let health = |name, server| Case { name, server, request: health, requests: 10_000 };
    let event = |name, server, request| Case { name, server, request, requests: 3_000 };
    let pairs = [
        [health("GET /health", &silent), health("with a log line", &logging)],
        [event("POST /event", &silent, named), event("with a log line", &logging, named)],
        [
            event("POST /event by a browser, for a user", &silent, named),
            event("for nobody: is it a visit, and whose?", &silent, nameless),
        ],
    ];
    for pair in &pairs {
        compare(&client, pair).await?;
    }
    Ok(())
}

fn health(client: &Client, url: &str) -> RequestBuilder {
    client.get(format!("{url}/health"))
}

/// A view that names its user: no rule looks at the browser.
fn named(client: &Client, url: &str) -> RequestBuilder {
    view(client, url, r#"{"site_id":"a","event_type":"view","path":"/a","user_id":"u-1"}"#)
}

/// A view without a user.
fn nameless(client: &Client, url: &str) -> RequestBuilder {
    view(client, url, r#"{"site_id":"a","event_type":"view","path":"/a","some_id":"u-1"}"#)
}

fn view(client: &Client, url: &str, body: &'static str) -> RequestBuilder {
    let request = client.post(format!("{url}/event")).body(body);
    let request = request.header("content-type", "application/json");
    request.header("origin", "https://shop.example").header("user-agent", FIREFOX)
}

/// Prints the processor time of both cases, and by how much the second one needs more.
async fn compare(client: &Client, pair: &[Case<'_>; 2]) -> Outcome<()> {
    let mut times = [Vec::new(), Vec::new()];
    for case in pair {
        case.take_turn(client).await?;
    }
    for round in 0..ROUNDS {
        for which in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            times[which].push(pair[which].take_turn(client).await?);
        }
    }
    let mean = |times: &[f64]| times.iter().sum::<f64>() / ROUNDS as f64;
    let mut ratios: Vec<_> =
        times[1].iter().zip(&times[0]).map(|(second, first)| second / first).collect();
    ratios.sort_by(f64::total_cmp);
    for (case, times) in pair.iter().zip(&times) {
        println!("{:>7.1} µs  {}", mean(times), case.name);
    }
    let [low, middle, high] = [1, 2, 3].map(|quarter| ratios[ROUNDS * quarter / 4]);
    println!("   x {middle:.3}  (half of the rounds between {low:.3} and {high:.3})\n");
    Ok(())
}

impl Case<'_> {
    /// The processor time that the server uses for each request, in microseconds.
    async fn take_turn(&self, client: &Client) -> Outcome<f64> {
        let before = self.server.processor_seconds(client).await?;
        let send = async |_| {
            let answer = (self.request)(client, &self.server.url).send().await?;
            answer.error_for_status()?.bytes().await
        };
        let sent = stream::iter(0..self.requests).map(send).buffer_unordered(AT_ONCE);
        sent.try_for_each(async |_| Ok(())).await?;
        let used = self.server.processor_seconds(client).await? - before;
        Ok(used * 1e6 / self.requests as f64)
    }
}

/// A running program; dropping it ends it.
struct Server {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl Server {
    fn start(program: &str, log_requests: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(program)
            .env("HOST", "127.0.0.1")
            .env("PORT", "0")
            .env("DATA_DIR", folder.path().join("data"))
            .env("LOG_REQUESTS", log_requests)
            .env("LOG_FORMAT", "stackdriver")
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("log"))?)
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut server = Self { child, url: String::new(), _folder: folder };
        for line in BufReader::new(output).lines() {
            if let Some((_, rest)) = line?.split_once("listens on ") {
                server.url = rest.split_whitespace().next().unwrap_or_default().to_owned();
                return Ok(server);
            }
        }
        Err("the server does not start".into())
    }

    /// The processor time that it has used, once everything that it has taken is stored.
    async fn processor_seconds(&self, client: &Client) -> Outcome<f64> {
        loop {
            let metrics = client.get(format!("{}/metrics", self.url)).send().await?.text().await?;
            let value = |name: &str| -> Outcome<f64> {
                let line = metrics.lines().find_map(|line| line.strip_prefix(name));
                Ok(line.ok_or_else(|| format!("there is no metric {name}"))?.trim().parse()?)
            };
            if value("spillway_queue_backlog ")? == 0.0 {
                return value("process_cpu_seconds_total ");
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // If it has ended already, there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
