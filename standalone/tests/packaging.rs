//! The service of systemd starts the program with its config file, and the file has every setting.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Where the program, and what starts it, are installed.
const PROGRAM: &str = "/usr/bin/spillway";
const CREDENTIALS: &str = "${CREDENTIALS_DIRECTORY}";

fn packaging(file: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../packaging", file].iter().collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(packaging(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn spillway() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spillway"));
    command.env_clear();
    command
}

/// What `--help` says of each setting: its variable, and its default if it has one.
fn settings(arguments: &[&str]) -> BTreeMap<String, Option<String>> {
    let Output { stdout, stderr, .. } =
        spillway().args(arguments).arg("--help").output().expect("it runs");
    let help = String::from_utf8(stdout).expect("text");
    assert!(help.contains("[env: PORT="), "{}", String::from_utf8_lossy(&stderr));
    let found = help.split("[env: ").skip(1).map(|rest| {
        let (name, rest) = rest.split_once(']').expect("the end of the variable");
        let name = name.trim_end_matches('=');
        let default = rest.trim_start().strip_prefix("[default: ");
        let default = default.and_then(|rest| rest.split(']').next());
        (name.to_owned(), default.map(|it| it.replace(char::is_whitespace, "")))
    });
    found.filter(|(name, _)| name != "SPILLWAY_CONFIG").collect()
}

/// The file with each setting that it shows switched on, and none twice.
fn whole() -> String {
    let text = read("spillway.toml");
    let is_setting = |line: &&str| line.contains(" = ") && !line.ends_with('.');
    let lines = text.lines().filter(is_setting).map(|line| line.trim_start_matches("# "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_config_file_shows_every_setting_with_its_default() {
    let here = tempfile::tempdir().expect("a folder");
    let file = here.path().join("spillway.toml");
    // What the package sets for the service is not the default.
    let text = whole().replace("/var/lib/spillway", "./spillway-data");
    fs::write(&file, &text).expect("written");
    let (without, with) = (settings(&[]), settings(&["--config", &file.display().to_string()]));
    assert!(without.len() > 30, "the help was not read");
    let shown: Vec<_> = text.lines().filter_map(|line| line.split_once(" = ")).collect();
    let mut names: Vec<_> = shown.iter().map(|(name, _)| name.to_uppercase()).collect();
    names.sort();
    assert_eq!(names, without.keys().cloned().collect::<Vec<_>>());
    for (name, default) in without {
        let is_same = default.is_none_or(|it| it == "\"\"" || Some(it) == with[&name]);
        assert!(is_same, "{name}: {:?}", with[&name]);
    }
}

#[test]
fn the_service_starts_the_program_with_its_config_file() {
    let unit = read("spillway.service");
    let line = |name: &str| {
        let mut lines = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        lines.next().unwrap_or_else(|| panic!("there is no {name}"))
    };
    assert_eq!(line("LoadCredential"), "spillway.toml:/etc/spillway/spillway.toml");
    assert!(read("spillway.toml").contains("\ndata_dir = \"/var/lib/spillway\"\n"));
    assert_eq!(line("StateDirectory"), "spillway", "below /var/lib");
    let start = line("ExecStart").replace(CREDENTIALS, &packaging("").display().to_string());
    let mut words = start.split_whitespace();
    assert_eq!(words.next(), Some(PROGRAM));
    let data = tempfile::tempdir().expect("a folder");
    let mut server = spillway()
        .args(words)
        .env("DATA_DIR", data.path())
        .env("PORT", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let mut first = String::new();
    let output = server.stdout.take().expect("an output");
    BufReader::new(output).read_line(&mut first).expect("a line");
    server.kill().expect("it is stopped");
    server.wait().expect("it ends");
    assert!(first.starts_with("Spillway listens on "), "{first}");
}
