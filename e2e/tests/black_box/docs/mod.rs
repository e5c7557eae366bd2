//! What the documents say is true: every block of commands runs as it is printed, and prints what
//! it shows; the OpenAPI document is the served one; and no file refers to one that is missing.

mod blocks;
mod errors;
mod openapi;
mod references;
mod servers;
mod shell;

use std::path::PathBuf;
use std::time::Duration;

use e2e::api::{PATIENCE, eventually};
use e2e::deployment::Embedded;
use regex::Regex;
use tokio::time::timeout;

use self::blocks::{Block, blocks};
use self::servers::Server;
use self::shell::Shell;

/// A path in the repository.
fn repository(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", path].iter().collect()
}

/// Commands that this test does not run, by a pattern, and why.
const NOT_RUN: [(&str, &str); 11] = [
    (r"^(git clone|cd) ", "this checkout is tested"),
    (r"^cargo run$", "the test has started this server"),
    (r"^([A-Z_]+=\S+ )*PORT=\d+ cargo run\b", "servers.rs has started this server"),
    (r"^cargo run -p e2e --bin cloud-shape", "cloud_shape.rs starts it"),
    (r"^cargo run -p e2e --bin pictures", "it writes into docs/images"),
    (r"^cargo run -p gateway .*--example openapi", "openapi.rs compares what it writes"),
    (r"^(cargo (test|build|install)|\./dev|\.ci/|sudo|apt-get|rustup)\b", "this runs inside them"),
    (r"^(\$\()?(terraform|gcloud|docker|bq|gsutil)\b", "needs an account"),
    (r"^cargo run -- import\b", "needs an export; import.rs makes one and runs it"),
    (r"^node app\.js", "needs Node.js and a package of npm"),
    (r"--features gcp\b", "needs a project on Google Cloud; redrive.rs runs it on the emulators"),
];

/// Languages of blocks that hold no commands, and what they hold.
const NOT_COMMANDS: [(&[&str], &str); 4] = [
    (&["", "text", "mermaid"], "a drawing or a listing"),
    (&["html"], "a line for a page: browser/tracker/ opens such pages"),
    (&["json", "ndjson", "csv"], "data"),
    (
        &["ini", "conf", "toml", "yaml", "nginx", "caddy", "hcl", "js", "python"],
        "configuration or code of another program, which is not installed here",
    ),
];

/// How long a record may take to be stored: less than [`PATIENCE`], so that a comparison fails here
/// with what was printed.
const LONGEST: Duration = PATIENCE.checked_div(2).expect("half of it");

/// How a reader goes through a document.
#[derive(Clone, Copy)]
enum Reader {
    /// Pastes one command after the other.
    Pastes,
    /// Waits for a record to be stored before reading it.
    Waits,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_pasted_in_order_prints_what_it_shows() {
    assert_true("README.md", Reader::Pastes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_api_is_true() {
    assert_true("docs/API.md", Reader::Waits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_clients_is_true() {
    assert_true("docs/CLIENTS.md", Reader::Waits).await;
}

async fn assert_true(document: &str, reader: Reader) {
    let text = std::fs::read_to_string(repository(document));
    let text = text.unwrap_or_else(|error| panic!("{document}: {error}"));
    let embedded = Embedded::start(Vec::new()).await.unwrap_or_else(|error| panic!("{error}"));
    let shell = Shell::beside(&embedded, Server::of_document(&text).await).await;
    for block in blocks(&text) {
        match block.language.as_str() {
            "console" => compare(&shell, &block, reader).await,
            "sh" | "bash" | "shell" => run(&shell, &block).await,
            other => assert!(
                NOT_COMMANDS.iter().any(|(languages, _)| languages.contains(&other)),
                "{document}:{}: nothing tests a block of {other:?}",
                block.line
            ),
        }
    }
}

/// Runs each command of the block, and compares what it prints.
async fn compare(shell: &Shell, block: &Block, reader: Reader) {
    for example in block.examples().iter().filter(|example| is_run(&example.command)) {
        let shown = constant(&example.output);
        let mut printed = String::new();
        let mut is_true = async || {
            printed = constant(&shell.run(&example.command).await);
            (printed == shown).then_some(())
        };
        match reader {
            Reader::Pastes => _ = is_true().await,
            // The comparison below says what came in the end.
            Reader::Waits => drop(timeout(LONGEST, eventually(&example.command, is_true)).await),
        }
        assert_eq!(printed, shown, "line {}: $ {}", block.line, example.command);
    }
}

/// Runs the block as one script.
async fn run(shell: &Shell, block: &Block) {
    let commands: Vec<_> = block.commands().into_iter().filter(|it| is_run(it)).collect();
    shell.run(&commands.join("\n")).await;
}

fn is_run(command: &str) -> bool {
    let is_named =
        |(pattern, _): &(&str, &str)| Regex::new(pattern).expect("a pattern").is_match(command);
    !NOT_RUN.iter().any(is_named)
}

/// The output without what differs between runs: times and random ids, how long a simulation took, and
/// what its kill met. Digests and ids that are hashes of the content are the same in every run.
fn constant(output: &str) -> String {
    let differing = [
        (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z", "<time>"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<id>"),
        (r"took \d+\.\d s", "took <seconds>"),
        (r"\d+ (messages? in flight|times?, after no answer)", "<number> <what>"),
    ];
    differing.iter().fold(output.trim().to_owned(), |output, (pattern, name)| {
        Regex::new(pattern).expect("a pattern").replace_all(&output, *name).into_owned()
    })
}
