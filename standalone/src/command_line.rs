//! The command line: an option, else its environment variable, else the config file's line, else the
//! default.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Arg, Command, FromArgMatches, value_parser};

use crate::config_file::{ConfigError, ConfigFile, Setting};

/// The option that names the file, and its environment variable.
const OPTION: &str = "config";
const VARIABLE: &str = "SPILLWAY_CONFIG";

/// Adds the option that names a config file, to each command.
pub(crate) fn with_config(command: Command) -> Command {
    let option = Arg::new(OPTION)
        .long(OPTION)
        .env(VARIABLE)
        .value_name("FILE")
        // Unlike a path, it may be empty, which counts as not set.
        .value_parser(value_parser!(OsString))
        .global(true)
        .help("A TOML file of settings, named like their environment variables")
        .long_help(
            "A TOML file of settings, named like their environment variables in upper or lower \
            case: `port = 8080`. A list may be in brackets: `allowed_hosts = [\"a.example\", \
            \"b.example\"]`. An option or a variable wins over the file, unless the variable is \
            empty",
        );
    command.arg(option)
}

/// Parses the words of a command line, after reading the file that they or the environment name.
/// Exits, as clap does, if the words are wrong or ask for help.
pub(crate) fn parse<T: FromArgMatches>(
    mut command: Command,
    words: Vec<OsString>,
) -> Result<T, ConfigError> {
    if let Some(path) = config(&words) {
        let file = ConfigFile::read(&path, &names(&command))?;
        check_all(&command, &file)?;
        command = defaulting(command, &file);
    }
    let matches = command.clone().get_matches_from(words);
    Ok(T::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit()))
}

/// The file that is named. Clap cannot be asked yet, since the file's values decide whether the
/// line is valid.
fn config(words: &[OsString]) -> Option<PathBuf> {
    let mut words = words.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let Some(rest) = word.as_bytes().strip_prefix(b"--config") else { continue };
        match rest.split_first() {
            None => return words.next().map(PathBuf::from),
            Some((b'=', path)) => return Some(OsStr::from_bytes(path).into()),
            Some(_) => {}
        }
    }
    std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The settings of a command and its subcommands.
fn names(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(Arg::get_env);
    let own = own.map(|name| name.to_string_lossy().into_owned()).filter(|name| name != VARIABLE);
    own.chain(command.get_subcommands().flat_map(names)).collect()
}

/// Checks that every option of a command and its subcommands accepts the file's value.
fn check_all(command: &Command, file: &ConfigFile) -> Result<(), ConfigError> {
    for arg in command.get_arguments() {
        if let Some(setting) = file.of(arg) {
            check(arg, setting, file)?;
        }
    }
    command.get_subcommands().try_for_each(|below| check_all(below, file))
}

/// Checks that the option accepts the value.
fn check(arg: &Arg, setting: &Setting, file: &ConfigFile) -> Result<(), ConfigError> {
    let Some(long) = arg.get_long() else { return Ok(()) };
    let alone = arg.clone().required(false).env(Resettable::Reset);
    let word = format!("--{long}={}", setting.value);
    let tried = Command::new("spillway").arg(alone).try_get_matches_from(["spillway", &word]);
    let Err(error) = tried else { return Ok(()) };
    let told = error.to_string();
    let told = told.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    Err(file.refused(setting, told.to_owned()))
}

/// The command, with the file's values as the defaults of its options and those of its subcommands.
fn defaulting(command: Command, file: &ConfigFile) -> Command {
    let set = |arg: Arg| match file.of(&arg) {
        Some(setting) => with_default(arg, setting),
        None => arg,
    };
    command.mut_args(set).mut_subcommands(|below| defaulting(below, file))
}

/// Like a variable that is set, a default that is a secret is not shown.
fn with_default(arg: Arg, setting: &Setting) -> Arg {
    let is_secret = arg.is_hide_env_values_set();
    let variable = arg.get_env().and_then(std::env::var_os);
    // An empty variable would win over the default.
    let is_empty = variable.is_some_and(|value| value.is_empty());
    let arg = if is_empty { arg.env(Resettable::Reset) } else { arg };
    // Clap keeps defaults while the program runs.
    let value: &'static str = setting.value.clone().leak();
    arg.default_value(value).hide_default_value(is_secret)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Debug, PartialEq, Parser)]
    struct Program {
        #[arg(long, env = "TEST_HOSTS", value_delimiter = ',')]
        hosts: Vec<String>,
        #[arg(long, env = "TEST_PORT", default_value_t = 1)]
        port: u16,
        #[arg(long, env = "TEST_DAYS")]
        days: Option<u32>,
        #[arg(long, env = "TEST_IS_OPEN", default_value_t = true, action = clap::ArgAction::Set)]
        is_open: bool,
    }

    fn parsed(file: &str, words: &[&str]) -> Result<Program, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spillway.toml");
        std::fs::write(&path, file).expect("written");
        let path = format!("--config={}", path.display());
        let words = [&["program", &path], words].concat().into_iter().map(OsString::from);
        parse(with_config(Program::command()), words.collect()).map_err(|it| it.to_string())
    }

    #[test]
    fn the_file_sets_what_the_words_do_not() {
        let file = "test_hosts = ['a', 'b']\ntest_days = 3\nTEST_IS_OPEN = false\n";
        let hosts = ["a", "b"].map(str::to_owned).to_vec();
        let expected = Program { hosts, port: 1, days: Some(3), is_open: false };
        assert_eq!(parsed(file, &[]), Ok(expected));
        let hosts = vec!["c".to_owned()];
        let expected = Program { hosts, port: 2, days: Some(4), is_open: true };
        let words = ["--hosts", "c", "--port", "2", "--days=4", "--is-open", "true"];
        assert_eq!(parsed(file, &words), Ok(expected));
    }

    #[test]
    fn a_value_that_its_option_refuses_is_told_with_its_line() {
        let told = parsed("test_days = 3\ntest_port = 70000\n", &[]).expect_err("too much");
        assert!(told.contains("spillway.toml, line 2: "), "{told}");
        assert!(told.contains("70000") && told.contains("--port"), "{told}");
        assert!(!told.contains("--help"), "{told}");
    }

    #[test]
    fn the_file_is_the_one_that_is_named_first_before_the_arguments_end() {
        let named = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(OsString::from).collect();
            config(&words).map(|path| path.display().to_string())
        };
        assert_eq!(named(&["spillway", "serve", "--config", "a"]).as_deref(), Some("a"));
        assert_eq!(named(&["spillway", "--config=a", "--port", "1"]).as_deref(), Some("a"));
        assert_eq!(named(&["spillway", "--configure", "a"]), None);
        assert_eq!(named(&["spillway", "--", "--config", "a"]), None);
        assert_eq!(named(&["--config", "--port", "1"]), None, "the program's own name");
    }
}
