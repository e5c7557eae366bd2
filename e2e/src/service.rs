//! One of Spillway's programs as a child process.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use thiserror::Error;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::api::eventually;
use crate::last_will::LastWill;

/// The longest time that a program takes to listen.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A running program; dropping it kills it, and so does the end of this process.
#[derive(Debug)]
pub struct Service {
    child: Child,
    _last_will: Option<LastWill>,
    address: String,
    log: Log,
}

/// What a program has printed so far.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<String>>);

/// Why a program does not run.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// The system could not start it.
    #[error("the program cannot be started")]
    Io(#[from] std::io::Error),
    /// It ended, or ran out of time, before it listened.
    #[error("{program} does not listen; it printed:\n{log}")]
    Silent {
        /// The program's path.
        program: String,
        /// What it printed.
        log: String,
    },
}

impl Service {
    /// Starts `program` on a free port with `settings` in its environment, and waits until it
    /// prints where it listens.
    pub async fn start(program: &Path, settings: &[(&str, String)]) -> Result<Self, ServiceError> {
        let mut command = Command::new(program);
        command
            .env("HOST", "127.0.0.1")
            .env("PORT", "0")
            .env("LOG_FORMAT", "pretty")
            .envs(settings.iter().map(|(name, value)| (*name, value.as_str())));
        Self::run(command).await
    }

    /// Runs `command`, and waits until it prints where it listens.
    pub async fn run(command: Command) -> Result<Self, ServiceError> {
        Self::run_within(START_LIMIT, command).await
    }

    /// Like [`Service::run`], for a program that may take up to `limit` to listen.
    pub async fn run_within(limit: Duration, mut command: Command) -> Result<Self, ServiceError> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let last_will = child.id().map(LastWill::kill).transpose()?;
        let log = Log::default();
        let (found, mut address) = watch::channel(None);
        tokio::spawn(listen(child.stderr.take(), log.clone(), None));
        tokio::spawn(listen(child.stdout.take(), log.clone(), Some(found)));
        let found = tokio::time::timeout(limit, address.wait_for(Option::is_some)).await;
        let found = found.ok().and_then(Result::ok).and_then(|address| address.clone());
        match found {
            Some(address) => Ok(Self { child, _last_will: last_will, address, log }),
            None => {
                drop(child.kill().await);
                let program = command.as_std().get_program().display().to_string();
                Err(ServiceError::Silent { program, log: log.text() })
            }
        }
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0)
    }

    /// What it has printed so far.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The most memory that it has taken so far, as the system counts it.
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(peak.split_whitespace().next()?.parse::<u64>().ok()? << 10)
    }

    /// Ends it with SIGKILL, so that it cannot clean up.
    pub async fn kill(mut self) -> std::io::Result<()> {
        self.child.kill().await
    }

    /// Asks it to end with SIGTERM, and waits until it has.
    pub async fn terminate(mut self) -> std::io::Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.child.wait().await
    }

    /// Takes the processor away from it, as Cloud Run does between requests.
    ///
    /// # Panics
    /// If it goes on.
    pub async fn freeze(&self) -> std::io::Result<()> {
        self.signal(Signal::STOP)?;
        let stopped = async || self.is_stopped().then_some(());
        eventually("it stands still", stopped).await;
        Ok(())
    }

    /// Lets it go on.
    pub fn thaw(&self) -> std::io::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> std::io::Result<()> {
        let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) else {
            return Ok(());
        };
        let pid = Pid::from_raw(pid).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(kill_process(pid, signal)?)
    }

    fn is_stopped(&self) -> bool {
        let id = self.child.id().unwrap_or_default();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:\tT"))
    }
}

impl Log {
    /// The whole text.
    pub fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, line: &str) {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(line);
        text.push('\n');
    }
}

/// Reads a program's output to its end, so that a full pipe never blocks it.
async fn listen(
    output: Option<impl AsyncRead + Unpin>,
    log: Log,
    found: Option<watch::Sender<Option<String>>>,
) {
    let Some(output) = output else { return };
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let address = line.split_once(" listens on http://").map(|(_, rest)| rest);
        if let (Some(address), Some(found)) = (address, &found) {
            let address = address.split_whitespace().next().unwrap_or("");
            found.send_replace(Some(address.trim_end_matches('.').to_owned()));
        }
        log.push(&line);
    }
}
