//! Chromedriver: one process for all browsers of this process.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::last_will::LastWill;

/// What to do when there is no browser.
pub const MISSING: &str = "chromedriver was not found; `./dev setup` installs it and Chromium on \
    Debian and Ubuntu. Elsewhere, install Chromium or Chrome, and chromedriver of the same version";

/// A running chromedriver.
pub struct Driver {
    url: String,
    _child: Child,
    _last_will: LastWill,
}

impl Driver {
    /// The driver that all tests of this process share, started by the first.
    ///
    /// # Panics
    /// When chromedriver is not installed, or does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Driver> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The base URL at which it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{MISSING} ({error})"));
        let last_will = LastWill::terminate(child.id()).expect("a last will");
        let said = BufReader::new(child.stdout.take().expect("chromedriver's output"));
        let port = said.lines().map_while(Result::ok).find_map(|line| port(&line));
        let port = port.expect("chromedriver says where it listens");
        Self { url: format!("http://127.0.0.1:{port}"), _child: child, _last_will: last_will }
    }
}

/// The port in `ChromeDriver was started successfully on port 41867.`
fn port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("successfully on port ")?;
    rest.trim_end_matches('.').parse().ok()
}
