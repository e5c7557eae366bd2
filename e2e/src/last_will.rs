//! Cleans up when this process ends, however it ends: statics are never dropped, and SIGKILL drops
//! nothing at all.

use std::io;
use std::process::{Child, Command, Stdio};

/// Waits until its standard input ends, then runs the script. Only this process holds the other
/// end of that pipe, and the system closes it when the process ends.
const ONCE_INPUT_ENDS: &str = r#"read -r line; eval "$1""#;

/// A shell script that runs when this process ends. Dropping it cancels that.
#[derive(Debug)]
pub struct LastWill(Child);

impl LastWill {
    /// Kills the process `pid`.
    pub fn kill(pid: u32) -> io::Result<Self> {
        Self::run(r#"kill -KILL "$2""#, &pid.to_string())
    }

    /// Asks the process `pid` to end, so that it can end those that it started.
    pub fn terminate(pid: u32) -> io::Result<Self> {
        Self::run(r#"kill -TERM "$2""#, &pid.to_string())
    }

    /// Removes the folder. A program that still writes there gets a second to end.
    pub fn remove(folder: &std::path::Path) -> io::Result<Self> {
        Self::run(r#"rm -rf "$2" || { sleep 1; rm -rf "$2"; }"#, &folder.display().to_string())
    }

    fn run(script: &str, argument: &str) -> io::Result<Self> {
        Command::new("sh")
            .args(["-c", ONCE_INPUT_ENDS, "last-will", script, argument])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
    }
}

impl Drop for LastWill {
    fn drop(&mut self) {
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            eprintln!("a last will could not be cancelled: {error}");
        }
    }
}
