//! The tables of the documents, made of the outcome.

use std::path::PathBuf;

use super::roster::Client;
use super::run::COUNT;
use super::scenarios::{Outcome, Refused};

/// Set to write the tables; else they are compared.
const WRITE: &str = "CLIENTS_WRITE";

/// Between these lines of a document stands what is made here.
const BEGIN: &str = "<!-- Made by ./dev clients --write -->\n";
const END: &str = "<!-- End of what is made -->\n";

/// Writes the tables, or compares them with what the documents have.
///
/// # Panics
/// If a document has something else.
pub(crate) fn settle(rows: &[(&Client, Outcome)]) {
    for (document, made) in [("docs/CLIENTS.md", table(rows)), ("README.md", list(rows))] {
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", document].iter().collect();
        let text = std::fs::read_to_string(&path).expect("a document");
        let renewed =
            replaced(&text, &made).unwrap_or_else(|| panic!("{document} has no place for it"));
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, renewed).expect("it is written");
        } else {
            assert_eq!(text, renewed, "{document} is old: run ./dev clients --write");
        }
    }
}

fn replaced(text: &str, made: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{made}{END}{after}"))
}

fn table(rows: &[(&Client, Outcome)]) -> String {
    let mut table = format!(
        "| client | what to change | taken of {COUNT}, one bad | sent twice | while the broker refuses |\n\
         |---|---|---|---|---|\n"
    );
    for (client, outcome) in rows {
        let Client { name, package, line, .. } = client;
        let version = package.version().expect("it has run");
        let package = package.name();
        let once = if outcome.is_counted_once { "counted once" } else { "counted twice" };
        let refused = match outcome.refused {
            Refused::SentAgain => "sends again",
            Refused::GivenUp => "gives up, and says so",
            Refused::Lost => "does not notice",
        };
        let taken = match (outcome.beside_a_bad_one, outcome.believed) {
            (taken, believed) if taken == believed => taken.to_string(),
            (taken, believed) => format!("{taken}; it believes {believed}"),
        };
        let title = if name.contains(package) { String::new() } else { format!("`{package}`, ") };
        table +=
            &format!("| {name} ({title}{version}) | `{line}` | {taken} | {once} | {refused} |\n");
    }
    table
}

/// The names of the clients, which have commas in them, on lines of at most 100 characters.
fn list(rows: &[(&Client, Outcome)]) -> String {
    let names: Vec<_> = rows.iter().map(|(client, _)| client.name).collect();
    let (mut lines, mut line) = (String::new(), String::new());
    for word in names.join("; ").split_inclusive(' ') {
        if line.len() + word.trim_end().len() > 100 {
            lines += &format!("{}\n", line.trim_end());
            line.clear();
        }
        line += word;
    }
    format!("{lines}{}.\n", line.trim_end())
}
