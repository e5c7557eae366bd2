//! What the program prints and how it exits, without a server.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs `spillway` in `folder`, with nothing in its environment that could change its settings.
fn spillway(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spillway"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("LOG_FORMAT", "pretty")
        .output()
        .expect("it runs")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn generate_writes_events_to_standard_output_and_its_summary_to_standard_error() {
    let here = folder();
    let args = ["generate", "--target", "none", "--events", "3", "--out", "-"];
    let output = spillway(here.path(), &args);
    let events: Vec<Value> = printed(&output)
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"))
        .collect();
    assert_eq!(events.len(), 3);
    assert!(said(&output).contains("3 events made"), "{output:?}");
    assert_eq!(fs::read_dir(here.path()).expect("the folder").count(), 0, "no file called -");
}

#[test]
fn flood_and_generate_say_how_to_start_a_server_if_none_listens() {
    let here = folder();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let target = format!("http://{}", listener.local_addr().expect("a bound address"));
    drop(listener);
    for command in ["flood", "generate"] {
        let output = spillway(here.path(), &[command, "--target", &target]);
        let said = said(&output);
        assert!(said.contains(&format!("nothing listens on {target}")), "{said}");
        assert!(said.contains("start a server with `cargo run`"), "{said}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn a_port_in_use_is_reported_and_leaves_no_data_folder() {
    let here = folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("a bound address").port().to_string();
    let output = spillway(here.path(), &["--port", &port]);
    assert!(said(&output).contains("choose another port with PORT"), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_dir(here.path()).expect("the folder").count(), 0);
}

#[test]
fn a_wrong_host_is_reported_as_a_wrong_host() {
    let here = folder();
    // A documentation network (RFC 5737).
    let output = spillway(here.path(), &["--host", "192.0.2.1", "--port", "0"]);
    let said = said(&output);
    assert!(said.contains("no address 192.0.2.1") && said.contains("HOST"), "{said}");
    assert!(!said.contains("another port"), "{said}");
}

#[test]
fn a_damaged_database_is_named_with_what_to_do() {
    for name in ["documents.db", "queue.db"] {
        let here = folder();
        let data = here.path().join("spillway-data");
        fs::create_dir(&data).expect("a folder");
        fs::write(data.join(name), "no database ".repeat(1_000)).expect("written");
        let output = spillway(here.path(), &["--port", "0"]);
        let said = said(&output);
        assert!(said.contains(name) && said.contains("spillway replay"), "{said}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn aggregate_says_that_an_archive_is_empty_and_writes_its_report_beside_it() {
    let here = folder();
    fs::create_dir_all(here.path().join("spillway-data/archive")).expect("a folder");
    let output = spillway(here.path(), &["aggregate", "--archive", "spillway-data/archive"]);
    let said = said(&output);
    assert!(said.contains("there are no messages in the archive spillway-data/archive"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    assert!(here.path().join("spillway-data/report.json").is_file());
    assert_eq!(fs::read_dir(here.path()).expect("the folder").count(), 1, "nothing beside it");
}

#[test]
fn every_command_has_a_help_that_says_what_its_exit_codes_mean() {
    let here = folder();
    for command in ["flood", "generate", "aggregate", "replay", "redrive"] {
        let output = spillway(here.path(), &[command, "--help"]);
        assert!(printed(&output).contains("Exit code 0: "), "{command}: {output:?}");
    }
}
