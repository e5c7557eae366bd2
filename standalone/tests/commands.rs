//! What the program prints and how it exits, without a server.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

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
fn what_sends_to_a_server_says_how_to_start_a_server_if_none_listens() {
    let here = folder();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let target = format!("http://{}", listener.local_addr().expect("a bound address"));
    drop(listener);
    let commands = [
        &["flood"][..],
        &["generate"],
        &["simulate"],
        &["site", "show", "acme"],
        &["export", "acme"],
        &["forget", "acme", "--user", "ann"],
    ];
    for command in commands {
        let output = spillway(here.path(), &[command, &["--target", &target]].concat());
        let said = said(&output);
        assert!(said.contains(&format!("nothing listens on {target}")), "{said}");
        assert!(said.contains("start a server with `cargo run`"), "{said}");
        assert_eq!(output.status.code(), Some(1));
    }
}

/// A simulation in `folder`, which also gets its temporary files.
fn simulation(folder: &Path, duration: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spillway"));
    command
        .args(["simulate", "--seed", "1", "--batches", "60", "--duration", duration])
        .current_dir(folder)
        .env_clear()
        .env("TMPDIR", folder)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

#[test]
fn a_simulation_needs_nothing_else_and_leaves_nothing_behind() {
    let here = folder();
    // Settings of the environment are for other servers.
    let settings = [("READ_TOKEN", "secret"), ("PORT", "1"), ("DATA_DIR", "/nowhere")];
    let output = simulation(here.path(), "2s").envs(settings).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = printed(&output);
    assert!(report.contains("60 batches") && report.contains("seed 1"), "{report}");
    assert!(report.contains("killed      the server, with "), "{report}");
    assert!(!report.contains(" with 0 messages"), "it is killed while it works: {report}");
    assert!(report.contains("All is well: "), "{report}");
    assert_eq!(said(&output), "", "quiet, since nobody watches");
    assert_eq!(fs::read_dir(here.path()).expect("the folder").count(), 0);
}

/// The log of the server that a simulation has started, once the server has archived something.
fn log_of_its_server(folder: &Path) -> PathBuf {
    eventually("the server archives", || {
        let own = fs::read_dir(folder).ok()?.next()?.ok()?.path();
        fs::read_dir(own.join("data/archive")).ok()?.next()?.ok()?;
        Some(own.join("server.log"))
    })
}

fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "did not happen: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn send_signal(signal: &str, to: &Child) {
    let sent = Command::new("kill").args([signal, &to.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

#[test]
fn a_simulation_that_is_stopped_ends_its_server_and_removes_its_folder() {
    let here = folder();
    let mut running = simulation(here.path(), "10m").spawn().expect("it runs");
    log_of_its_server(here.path());
    send_signal("-TERM", &running);
    assert_eq!(running.wait().expect("it ends").code(), Some(130));
    eventually("the folder is removed", || {
        (fs::read_dir(here.path()).ok()?.count() == 0).then_some(())
    });
}

#[test]
fn the_server_of_a_simulation_that_is_killed_stops() {
    let here = folder();
    let mut running = simulation(here.path(), "10m").spawn().expect("it runs");
    let log = log_of_its_server(here.path());
    send_signal("-KILL", &running);
    running.wait().expect("it ends");
    eventually("the server stops", || {
        fs::read_to_string(&log).ok()?.contains("stopping").then_some(())
    });
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
    for command in [
        "flood",
        "generate",
        "simulate",
        "aggregate",
        "replay",
        "redrive",
        "site",
        "export",
        "forget",
        "import",
        "completions",
        "man",
    ] {
        let output = spillway(here.path(), &[command, "--help"]);
        assert!(printed(&output).contains("Exit code 0: "), "{command}: {output:?}");
    }
}
