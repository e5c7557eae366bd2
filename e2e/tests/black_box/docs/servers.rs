//! The servers that a document starts beside the one that every command uses.

use e2e::binaries::Binaries;
use e2e::deployment::{Embedded, Settings};
use e2e::service::Service;
use regex::Regex;

/// A line of a document that starts a server on a port of its own.
const STARTS: &str = r"(?m)^((?:[A-Z_]+=\S+ )*)PORT=(\d+) cargo run( -p gateway\b)?";
/// The settings that such a line may have, besides where the data are.
const SETTINGS: [&str; 6] = [
    "FIRESTORE_EMULATOR_HOST",
    "GOOGLE_CLOUD_PROJECT",
    "PAGES",
    "PUBSUB_EMULATOR_HOST",
    "READ_TOKEN",
    "TENANT_RECORDS_PER_SECOND",
];

/// A server that a document starts.
pub(super) struct Server {
    /// Where the document says that it listens.
    pub(super) printed: String,
    program: Program,
}

enum Program {
    Gateway(Service),
    Embedded(Embedded),
}

impl Server {
    /// Starts each server of the document, on free ports.
    ///
    /// # Panics
    /// If one does not start.
    pub(super) async fn of_document(markdown: &str) -> Vec<Self> {
        let starts = Regex::new(STARTS).expect("a pattern");
        let mut servers = Vec::new();
        for line in starts.captures_iter(markdown) {
            let program = match line.get(3) {
                Some(_) => {
                    let gateway = Binaries::shared().await.path("gateway");
                    Service::start(gateway, &settings(&line[1])).await.map(Program::Gateway)
                }
                None => Embedded::start(settings(&line[1])).await.map(Program::Embedded),
            };
            let program = program.unwrap_or_else(|error| panic!("{}: {error}", &line[0]));
            servers.push(Self { printed: format!("localhost:{}", &line[2]), program });
        }
        servers
    }

    /// Where it listens.
    pub(super) fn address(&self) -> String {
        let url = match &self.program {
            Program::Gateway(service) => service.url(),
            Program::Embedded(embedded) => embedded.service().url(),
        };
        url.trim_start_matches("http://").to_owned()
    }
}

fn settings(line: &str) -> Settings {
    let pairs = line.split_whitespace().filter_map(|pair| pair.split_once('='));
    let pairs = pairs.filter(|(name, _)| *name != "DATA_DIR");
    let known = |name: &str| SETTINGS.into_iter().find(|known| *known == name);
    pairs
        .map(|(name, value)| (known(name).unwrap_or_else(|| panic!("{name}?")), value.to_owned()))
        .collect()
}

#[test]
fn the_settings_of_a_line_are_passed_on() {
    let line = Regex::new(STARTS).expect("a pattern");
    let line = line.captures("x\nPAGES=off DATA_DIR=a PORT=9 cargo run\n").expect("a start");
    assert_eq!((settings(&line[1]), &line[2]), (vec![("PAGES", "off".to_owned())], "9"));
}
