//! Runs a client, as a program or in a browser.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use e2e::browser::{Browser, Site};
use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

use super::belief::Belief;
use super::installed::{folder, place};
use super::roster::{Client, Runs};

/// How many records a client sends.
pub(crate) const COUNT: u64 = 100;

/// The longest that a client may take.
const LONGEST: Duration = Duration::from_secs(120);

/// A browser that is driven says so, and some clients then send nothing.
const UNDRIVEN: &str = "Object.defineProperty(navigator, 'webdriver', { get: () => false })";

/// What a client is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task<'a> {
    /// The base URL.
    pub(crate) endpoint: &'a str,
    /// The tenant.
    pub(crate) tenant: &'a str,
    /// Whether one of its records is bad.
    pub(crate) bad: bool,
}

/// What the client believes when it has ended.
///
/// # Errors
/// If it is not installed, fails, or does not end.
pub(crate) async fn run(client: &Client, task: Task<'_>) -> Result<Belief, String> {
    let ended = match client.runs {
        Runs::Node(script, argument) => {
            timeout(LONGEST, program(node(script, argument)?, task)).await
        }
        Runs::Python(script) => timeout(LONGEST, program(python(script)?, task)).await,
        Runs::Page(script) => {
            timeout(LONGEST, page(&place(&format!("pages/{script}"))?, task)).await
        }
    };
    ended.unwrap_or_else(|_| Err(format!("{} did not end within {LONGEST:?}", client.name)))
}

fn node(script: &str, argument: &str) -> Result<Command, String> {
    let mut node = Command::new("node");
    // The scripts are linked to where the packages are.
    node.args(["--preserve-symlinks", "--preserve-symlinks-main"]);
    node.arg(place(&format!("node/{script}"))?).arg(argument);
    Ok(node)
}

fn python(script: &str) -> Result<Command, String> {
    let mut python = Command::new(place("python/bin/python")?);
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/python").join(script));
    python.env("DEBIAN", place("debian")?).env("PYTHONPYCACHEPREFIX", folder().join("pycache"));
    Ok(python)
}

async fn program(mut command: Command, task: Task<'_>) -> Result<Belief, String> {
    let output = command
        .env("ENDPOINT", task.endpoint)
        .env("TENANT", task.tenant)
        .env("COUNT", COUNT.to_string())
        .env("BAD", if task.bad { "1" } else { "0" })
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("{:?} does not run: {error}", command.as_std().get_program()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let belief = said.lines().last().and_then(|line| serde_json::from_str(line).ok());
    belief.ok_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        format!("{}, and it says: {said}{errors}", output.status)
    })
}

async fn page(script: &Path, task: Task<'_>) -> Result<Belief, String> {
    let script = std::fs::read_to_string(script).map_err(|error| error.to_string())?;
    let Task { endpoint, tenant, bad } = task;
    let bad = if bad { i64::try_from(COUNT / 2).unwrap_or(-1) } else { -1 };
    let told = json!({"endpoint": endpoint, "tenant": tenant, "count": COUNT, "bad": bad});
    let page = format!(
        "<!doctype html><html lang=en><title>A shop</title><link rel=icon href=data:,>\
         <script>window.client = {told}</script><script type=module src=/client.js></script>"
    );
    let site = Site::start(&[("/", page), ("/client.js", script)]).await;
    let mut belief = None;
    Browser::run(async |browser| {
        browser.before_pages(UNDRIVEN).await;
        browser.open(&site.page_of("shop.example", "/")).await;
        browser.until("the client has ended", "window.belief").await;
        belief = Some(browser.run_script("return window.belief").await);
        // Where the broker refuses, the console says so. Nothing more comes from a page that is left.
        browser.open("about:blank").await;
        browser.errors().await;
    })
    .await;
    belief.ok_or_else(|| "the page believes nothing".to_owned())
}
