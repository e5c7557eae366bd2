//! The file that `--config` names: TOML, one line for each setting, by the name of its environment
//! variable.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Arg;
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// How similar a known name must be to be suggested.
const SIMILAR: f64 = 0.75;

/// The settings of a file.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    /// By the name of the environment variable.
    settings: BTreeMap<String, Setting>,
}

/// What a file sets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// As an environment variable would have it.
    pub(crate) value: String,
    /// Counted from 1.
    line: usize,
}

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the config file {0}")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("{0}, line {1}: {2}")]
    Line(PathBuf, usize, Fault),
}

/// What is wrong with a line of a file.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Syntax(String),
    #[error("there is no setting {name}; {}", hint(.nearest.as_deref()))]
    Unknown { name: String, nearest: Option<String> },
    #[error("{0} is set twice")]
    Twice(String),
    #[error("a config file has no sections: each setting is a line such as port = 8080")]
    Section,
    #[error("{0} must be a text, a number, true, false, or a list of texts and numbers")]
    Kind(String),
    /// What the option of that name says.
    #[error("{0}")]
    Value(String),
}

fn hint(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!("did you mean {name}?"),
        None => "spillway --help lists the settings".to_owned(),
    }
}

impl ConfigFile {
    /// Reads a file that may set what is in `known`, the names of environment variables.
    pub(crate) fn read(path: &Path, known: &BTreeSet<String>) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| ConfigError::Unreadable(path.to_owned(), error))?;
        let settings = settings(&text, known)
            .map_err(|(line, fault)| ConfigError::Line(path.to_owned(), line, fault))?;
        Ok(Self { path: path.to_owned(), settings })
    }

    /// What the file sets for this option.
    pub(crate) fn of(&self, option: &Arg) -> Option<&Setting> {
        self.settings.get(option.get_env()?.to_str()?)
    }

    /// The error for a setting that its option refuses.
    pub(crate) fn refused(&self, setting: &Setting, reason: String) -> ConfigError {
        ConfigError::Line(self.path.clone(), setting.line, Fault::Value(reason))
    }
}

type Faulty = (usize, Fault);

fn settings(text: &str, known: &BTreeSet<String>) -> Result<BTreeMap<String, Setting>, Faulty> {
    let line_of = |at: usize| text[..at].matches('\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        (line_of(at), Fault::Syntax(error.message().to_owned()))
    })?;
    // In the order of the lines, so that the first fault is reported.
    let mut entries: Vec<_> = table.into_inner().into_iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    let mut settings = BTreeMap::new();
    for (name, value) in entries {
        let line = line_of(name.span().start);
        let (name, value) = setting(&name, &value, known).map_err(|fault| (line, fault))?;
        if settings.insert(name.clone(), Setting { value, line }).is_some() {
            return Err((line, Fault::Twice(name)));
        }
    }
    Ok(settings)
}

fn setting(
    name: &Spanned<DeString<'_>>,
    value: &Spanned<DeValue<'_>>,
    known: &BTreeSet<String>,
) -> Result<(String, String), Fault> {
    let written = name.get_ref();
    if matches!(value.get_ref(), DeValue::Table(_)) {
        return Err(Fault::Section);
    }
    let name = written.to_uppercase();
    if !known.contains(&name) {
        return Err(unknown(written, &name, known));
    }
    let value = match value.get_ref() {
        DeValue::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(|item| scalar(item.get_ref())).collect();
            items.map(|items| items.join(","))
        }
        one => scalar(one),
    };
    Ok((name, value.ok_or_else(|| Fault::Kind(written.clone().into_owned()))?))
}

/// Suggests a name in the case that the file uses.
fn unknown(written: &str, name: &str, known: &BTreeSet<String>) -> Fault {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    let rated = known.iter().map(|known| (likeness(known), known));
    let nearest = rated.max_by(|(one, _), (other, _)| one.total_cmp(other));
    let nearest = nearest.filter(|(likeness, _)| *likeness >= SIMILAR).map(|(_, known)| known);
    let as_written =
        |known: &String| if written == name { known.clone() } else { known.to_lowercase() };
    Fault::Unknown { name: written.to_owned(), nearest: nearest.map(as_written) }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => {
            let number = i128::from_str_radix(number.as_str(), number.radix()).ok()?;
            Some(number.to_string())
        }
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
        let known = ["ALLOWED_HOSTS", "PORT", "REDACT_PATHS", "WORK_SECONDS_PER_CHAR"];
        let known = known.map(str::to_owned).into();
        let read = settings(text, &known).map_err(|(line, fault)| (line, fault.to_string()))?;
        Ok(read.into_iter().map(|(name, setting)| (name, setting.value)).collect())
    }

    #[test]
    fn each_kind_of_value_is_what_an_environment_variable_would_have() {
        let text = "# a comment\nPORT = 8_080\nwork_seconds_per_char = 0.05\n\
                    redact_paths = false\nAllowed_Hosts = [\"a.example\", 'b.example']\n";
        let expected = [
            ("ALLOWED_HOSTS", "a.example,b.example"),
            ("PORT", "8080"),
            ("REDACT_PATHS", "false"),
            ("WORK_SECONDS_PER_CHAR", "0.05"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read(text), Ok(expected.to_vec()));
        assert_eq!(read("port = 0x1F90"), read("port = 8080"));
        assert_eq!(read(""), Ok(Vec::new()));
    }

    #[test]
    fn an_unknown_name_is_told_with_its_line_and_the_nearest_one() {
        let told = |text: &str| read(text).expect_err(text);
        let expected = "there is no setting prot; did you mean port?".to_owned();
        assert_eq!(told("port = 1\n\nprot = 2\nzzz = 3\n"), (3, expected));
        let expected = "there is no setting REDACT_PATH; did you mean REDACT_PATHS?".to_owned();
        assert_eq!(told("REDACT_PATH = true"), (1, expected));
        let expected = "there is no setting zzz; spillway --help lists the settings".to_owned();
        assert_eq!(told("zzz = 2"), (1, expected));
    }

    #[test]
    fn what_no_setting_can_have_is_told_with_its_line() {
        let told = |text: &str| read(text).expect_err(text);
        assert_eq!(told("port = 1\nPORT = 2").1, "PORT is set twice");
        for text in ["\n[serve]\nport = 1", "\nserve.port = 1", "\nport = {a = 1}"] {
            let (line, fault) = told(text);
            assert!(line == 2 && fault.contains("no sections"), "{line}: {fault}");
        }
        for text in ["port = 2025-05-01", "port = [[1]]"] {
            assert!(told(text).1.starts_with("port must be a text, a number"), "{text}");
        }
        assert_eq!(told("port = 1\nhost = \n").0, 2);
        assert_eq!(told("port 1").0, 1);
    }
}
