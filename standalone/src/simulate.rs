//! `spillway simulate`: the server that it starts is this same program.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use common::broker::Cause;
use load::simulate::{self, Server, SimulateArgs, Url};
use tempfile::TempDir;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long the server may take to listen.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Long enough that batches wait for their commit when the server is killed; short enough that a
/// commit of 500 counts at a time keeps up with the customers.
const COMMIT_INTERVAL_MS: &str = "50";
/// The server's log, in its folder.
const LOG: &str = "server.log";
/// How much of the log an error shows, in bytes.
const LOG_END: usize = 2_000;

/// Simulates, on a server of its own unless another one is named.
pub(crate) async fn run(args: SimulateArgs) -> ExitCode {
    simulate::run::<OwnServer>(args).await
}

/// A server with a fresh folder. Dropping it kills it and removes the folder.
struct OwnServer {
    process: Process,
    url: Url,
    folder: TempDir,
}

/// A running server. It is killed when this is dropped; and it stops when this program is killed,
/// since its standard input ends then.
struct Process {
    child: Child,
    /// Kept open, because the server would fail at its next line if nobody could read it.
    _output: Lines<BufReader<ChildStdout>>,
}

/// Why the server does not run.
#[derive(Debug, Error)]
enum OwnServerError {
    #[error("it does not listen after {START_LIMIT:?}; it logged:\n{0}")]
    Silent(String),
    #[error("it has ended; it logged:\n{0}")]
    Ended(String),
    #[error("it says that it listens on {0:?}")]
    Address(String),
}

impl Server for OwnServer {
    async fn start() -> Result<Self, Cause> {
        let folder = tempfile::Builder::new().prefix("spillway-simulate-").tempdir()?;
        let (process, url) = start(folder.path(), 0).await?;
        Ok(Self { process, url, folder })
    }

    fn url(&self) -> &Url {
        &self.url
    }

    async fn crash(&mut self) -> Result<(), Cause> {
        self.process.child.kill().await?;
        let port = self.url.port().unwrap_or(0);
        (self.process, self.url) = start(self.folder.path(), port).await?;
        Ok(())
    }

    fn keep(self) -> PathBuf {
        let Self { process, folder, .. } = self;
        drop(process);
        folder.keep()
    }
}

/// Starts the server in `folder`, and waits until it says where it listens. Nothing in the
/// environment of this program can change its settings.
async fn start(folder: &Path, port: u16) -> Result<(Process, Url), Cause> {
    let log = File::options().create(true).append(true).open(folder.join(LOG))?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["serve", "--until-stdin-ends"])
        .env_clear()
        .env("PORT", port.to_string())
        .env("DATA_DIR", folder.join("data"))
        .env("COMMIT_INTERVAL_MS", COMMIT_INTERVAL_MS)
        .env("LOG_REQUESTS", "errors")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))?;
    let mut output = BufReader::new(output).lines();
    let first = timeout(START_LIMIT, output.next_line()).await;
    let first = first.map_err(|_| OwnServerError::Silent(end_of_log(folder)))??;
    let line = first.ok_or_else(|| OwnServerError::Ended(end_of_log(folder)))?;
    let url = url(&line).ok_or(OwnServerError::Address(line))?;
    Ok((Process { child, _output: output }, url))
}

/// The address in the server's first line.
fn url(line: &str) -> Option<Url> {
    let (_, rest) = line.split_once(" listens on ")?;
    Url::parse(rest.split_whitespace().next()?).ok()
}

fn end_of_log(folder: &Path) -> String {
    let log = fs::read(folder.join(LOG)).unwrap_or_default();
    let end = &log[log.len().saturating_sub(LOG_END)..];
    String::from_utf8_lossy(end).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_in_the_first_line_of_the_server() {
        let found = url("Spillway listens on http://127.0.0.1:4242 and keeps its data in data.");
        assert_eq!(found.map(|url| url.to_string()), Some("http://127.0.0.1:4242/".to_owned()));
        assert_eq!(url("Spillway sleeps."), None);
    }
}
