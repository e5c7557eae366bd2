//! Every `curl` in the README and in docs/ works as it is printed, and shows the true output.

use std::path::Path;

use e2e::api::eventually;
use e2e::deployment::Deployment;
use regex::Regex;
use tokio::process::Command;

/// Where the documents say that Spillway listens.
const PRINTED: &str = "localhost:8080";

/// One command of a document, and what it prints there.
#[derive(Debug)]
struct Example {
    command: String,
    output: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_is_true() {
    assert_true("README.md", 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_s_page_is_true() {
    assert_true("docs/API.md", 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_of_the_api_is_served_as_it_is_committed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let committed = std::fs::read_to_string(path).expect("docs/openapi.json");
    let deployment = Deployment::embedded(Vec::new()).await;
    let url = format!("{}/openapi.json", deployment.url());
    let answer = reqwest::get(url).await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.text().await.expect("a body"), committed);
}

async fn assert_true(document: &str, least: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join(document)).expect("the document");
    let examples = examples(&text);
    assert!(examples.len() >= least, "only {} commands in {document}", examples.len());
    let deployment = Deployment::embedded(Vec::new()).await;
    for example in examples {
        let command =
            example.command.replace(PRINTED, deployment.url().trim_start_matches("http://"));
        // What was sent is read back when it is processed, not before.
        let mut last = String::new();
        let found = tokio::time::timeout(
            e2e::api::PATIENCE / 2,
            eventually(&example.command, async || {
                last = run(&command).await;
                (constant(&last) == constant(&example.output)).then_some(())
            }),
        );
        assert!(found.await.is_ok(), "$ {}\nprints\n{last}", example.command);
    }
}

/// The commands of the document's `console` blocks.
fn examples(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let blocks = text.split("```console\n").skip(1).filter_map(|block| block.split("```").next());
    for line in blocks.flat_map(str::lines) {
        match (line.strip_prefix("$ "), examples.last_mut()) {
            (Some(command), _) => {
                examples.push(Example { command: command.to_owned(), output: String::new() });
            }
            (None, Some(example)) => example.output.push_str(line),
            (None, None) => panic!("output without a command: {line}"),
        }
    }
    examples
}

async fn run(command: &str) -> String {
    let output = Command::new("bash").args(["-c", command]).output().await.expect("bash");
    assert!(output.status.success(), "$ {command} fails");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// The output without what differs from run to run: times, and the ids that are made by chance.
/// Digests, and ids that are hashes of what was sent, are the same in every run.
fn constant(output: &str) -> String {
    let times = Regex::new(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z").expect("a pattern");
    let made = Regex::new(r"\b[0-9a-f]{32}\b").expect("a pattern");
    made.replace_all(&times.replace_all(output, "<time>"), "<id>").into_owned()
}
