//! What the program gives to a shell, to `man`, and to a terminal.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The commands that people type.
const COMMANDS: [&str; 12] = [
    "serve",
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
];

fn spillway(args: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spillway"))
        .args(args)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("it runs")
}

fn printed(args: &[&str]) -> String {
    let output = spillway(args, &[]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// What Bash offers after these words, the last of which is not finished.
fn completed(words: &[&str]) -> Vec<String> {
    let script = printed(&["completions", "bash"]);
    let ask = format!(
        "{script}\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_spillway spillway '{}' ''\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        words.join(" "),
        words.len() - 1,
        words.last().expect("a word"),
    );
    let bash = Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut bash = bash.expect("bash runs");
    bash.stdin.take().expect("an input").write_all(ask.as_bytes()).expect("asked");
    let output = bash.wait_with_output().expect("an answer");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    let offered = completed(&["spillway", "ag"]);
    assert_eq!(offered, ["aggregate"]);
    assert!(completed(&["spillway", "aggregate", "--c"]).contains(&"--compare".to_owned()));
    assert!(completed(&["spillway", "--conf"]).contains(&"--config".to_owned()));
}

#[test]
fn every_shell_gets_completions_with_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    assert_eq!(spillway(&["completions", "cmd"], &[]).status.code(), Some(2));
}

#[test]
fn the_manual_page_has_every_setting_with_its_variable() {
    let page = printed(&["man"]);
    assert!(page.contains(".TH spillway 1"), "{page}");
    let help = printed(&["--help"]);
    let variables = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
    let variables: Vec<_> = variables.collect();
    assert!(variables.len() > 30, "the help was not read: {variables:?}");
    for variable in variables {
        assert!(page.contains(&variable.replace('-', "\\-")), "{variable} is not in the page");
    }
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let here = tempfile::tempdir().expect("a folder");
    let folder = here.path().join("man");
    assert_eq!(printed(&["man", "--out", &folder.display().to_string()]), "");
    let has = |name: &str| folder.join(name).is_file();
    assert!(has("spillway.1") && has("spillway-site-set.1"));
    for command in COMMANDS {
        assert!(has(&format!("spillway-{command}.1")), "{command}");
    }
    let blocked = folder.join("spillway.1").join("below").display().to_string();
    assert_eq!(spillway(&["man", "--out", &blocked], &[]).status.code(), Some(1));
}

/// The log of a program that warns, with this environment.
fn log(folder: &Path, environment: &[(&str, &str)]) -> String {
    let archive = folder.display().to_string();
    let report = folder.join("report.json").display().to_string();
    let arguments =
        ["aggregate", "--archive", &archive, "--out", &report, "--log-format", "pretty"];
    let output = spillway(&arguments, environment);
    let log = String::from_utf8(output.stderr).expect("text");
    assert!(log.contains("WARN"), "{log}");
    log
}

/// `CLICOLOR_FORCE` stands for a terminal.
#[test]
fn logs_have_colours_where_they_are_wanted_alone() {
    let here = tempfile::tempdir().expect("a folder");
    fs::write(here.path().join("1.ndjson"), "no message\n").expect("written");
    let force = ("CLICOLOR_FORCE", "1");
    assert!(log(here.path(), &[force]).contains('\u{1b}'));
    assert!(!log(here.path(), &[force, ("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!log(here.path(), &[]).contains('\u{1b}'), "this is no terminal");
}
