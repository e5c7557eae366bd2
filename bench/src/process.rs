//! A program that runs while it is measured; dropping it ends it.

use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::BenchError;

/// The longest that a program may take until it answers: a second or three, but more on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(90);
/// The longest that it may take to end when it is asked to.
const STOP_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a program that will listen on `port`, and waits until it does. Its output goes to a
    /// file in `folder`.
    pub(crate) fn start(
        name: &str,
        command: &mut Command,
        port: u16,
        folder: &Path,
    ) -> Result<Self, BenchError> {
        let path = folder.join(format!("{name}.log"));
        let log = File::create(&path)?;
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        let child = child.map_err(|error| not_started(name, &error.to_string()))?;
        let mut process = Self { child, address: ([127, 0, 0, 1], port).into() };
        let began = Instant::now();
        while std::net::TcpStream::connect(process.address).is_err() {
            if began.elapsed() > START_LIMIT || process.child.try_wait()?.is_some() {
                return Err(not_started(name, &fs::read_to_string(&path)?));
            }
            std::thread::sleep(POLL);
        }
        Ok(process)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    fn stop(&mut self) -> io::Result<()> {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::INT)?;
        }
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > STOP_LIMIT {
                self.child.kill()?;
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

fn not_started(name: &str, why: &str) -> BenchError {
    BenchError::NotStarted(name.to_owned(), why.to_owned())
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("a program could not be stopped: {error}");
        }
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
