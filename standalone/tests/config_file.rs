//! What a config file sets, and what the program says if it cannot be used.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// `spillway` in `folder`, with nothing in its environment that could change its settings.
fn spillway(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spillway"));
    command.current_dir(folder).env_clear();
    command
}

/// A folder with a config file.
fn with_file(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("spillway.toml"), text).expect("written");
    folder
}

/// Where a server keeps its data, as its first line says. The server is stopped then.
fn data_folder(command: &mut Command) -> String {
    let command = command.env("PORT", "0").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = command.spawn().expect("it runs");
    let mut line = String::new();
    let output = server.stdout.take().expect("an output");
    BufReader::new(output).read_line(&mut line).expect("a line");
    server.kill().expect("it is stopped");
    server.wait().expect("it ends");
    let (_, folder) = line.split_once(" keeps its data in ").expect(&line);
    folder.trim_end().trim_end_matches('.').trim_start_matches("./").to_owned()
}

fn refused(folder: &Path, args: &[&str]) -> String {
    let Output { status, stderr, .. } = spillway(folder).args(args).output().expect("it runs");
    assert_eq!(status.code(), Some(2));
    String::from_utf8(stderr).expect("text")
}

fn help(folder: &Path) -> String {
    let output = spillway(folder).args(["--config", "spillway.toml", "--help"]).output();
    String::from_utf8(output.expect("it runs").stdout).expect("text")
}

#[test]
fn an_option_wins_over_the_variable_which_wins_over_the_file_which_wins_over_the_default() {
    let here = with_file("data_dir = \"of-the-file\"\n");
    let here = here.path();
    let config = ["--config", "spillway.toml"];
    assert_eq!(data_folder(&mut spillway(here)), "spillway-data");
    assert_eq!(data_folder(spillway(here).args(config)), "of-the-file");
    assert_eq!(data_folder(spillway(here).arg("serve").args(config)), "of-the-file");
    let variable = ("DATA_DIR", "of-the-variable");
    assert_eq!(data_folder(spillway(here).args(config).envs([variable])), variable.1);
    let option = ["--data-dir", "of-the-option"];
    assert_eq!(data_folder(spillway(here).args(config).args(option).envs([variable])), option[1]);
}

#[test]
fn the_file_can_be_named_by_a_variable_and_an_empty_variable_is_not_set() {
    let here = with_file("DATA_DIR = \"of-the-file\"\n");
    let named = ("SPILLWAY_CONFIG", "spillway.toml");
    assert_eq!(data_folder(spillway(here.path()).envs([named])), "of-the-file");
    let empty = ("DATA_DIR", "");
    assert_eq!(data_folder(spillway(here.path()).envs([named, empty])), "of-the-file");
    let none = ("SPILLWAY_CONFIG", "");
    assert_eq!(data_folder(spillway(here.path()).envs([none])), "spillway-data");
}

#[test]
fn the_other_commands_read_the_file_too() {
    let here = with_file("data_dir = \"elsewhere\"\nwork_concurrency = 3\n");
    fs::create_dir(here.path().join("archive")).expect("a folder");
    let args = ["aggregate", "--archive", "archive", "--compare", "--config", "spillway.toml"];
    let said = refused(here.path(), &args);
    assert!(said.contains("there is no store in elsewhere"), "{said}");
}

#[test]
fn a_file_that_cannot_be_used_is_told_with_the_line_and_the_nearest_name() {
    let config = ["--config", "spillway.toml"];
    for (text, expected) in [
        (
            "port = 0\nprot = 1\n",
            "spillway.toml, line 2: there is no setting prot; did you mean port?",
        ),
        ("\nport = 70000\n", "spillway.toml, line 2: invalid value '70000' for '--port <PORT>'"),
        ("log_format = \"loud\"\n", "line 1: invalid value 'loud' for '--log-format <LOG_FORMAT>'"),
        ("port = \n", "spillway.toml, line 1: "),
    ] {
        let here = with_file(text);
        let said = refused(here.path(), &config);
        assert!(said.starts_with("error: ") && said.contains(expected), "{said}");
        assert_eq!(fs::read_dir(here.path()).expect("the folder").count(), 1, "nothing was made");
    }
    let said = refused(with_file("").path(), &["--config", "missing.toml"]);
    assert!(said.contains("cannot read the config file missing.toml"), "{said}");
}

#[test]
fn the_help_shows_what_the_file_sets_but_no_secret() {
    let here = with_file("port = 9090\nadmin_token = \"open-sesame\"\n");
    let help = help(here.path());
    assert!(help.contains("[default: 9090]"), "{help}");
    assert!(!help.contains("open-sesame"), "{help}");
}
