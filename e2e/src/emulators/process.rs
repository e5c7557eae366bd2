//! The process of an emulator, which never outlives the process that started it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::error::EmulatorError;
use super::install;
use super::port::free_port;
use super::service::Service;

/// Runs its arguments until its standard input ends. Only this process holds the other end of that
/// pipe, and the system closes it when the process ends, even by SIGKILL.
const UNTIL_INPUT_ENDS: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- & emulator=$!
{ cat <&3 >/dev/null; kill -KILL $emulator; } & watcher=$!
wait $emulator
status=$?
kill $watcher
exit $status
"#;

/// A bounded heap; a serial collector and a single compiler leave the cores to the tests.
const JVM: [&str; 4] =
    ["-Xmx1536m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.language=en"];

/// The longest time that an emulator takes to answer: usually three seconds, ten on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The interval at which it is asked.
const POLL: Duration = Duration::from_millis(50);

/// How many ports are tried: a free port may be taken before the emulator listens on it.
const PORTS_TRIED: u32 = 3;

/// A running emulator; dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    service: Service,
    host: String,
    shell: Child,
    log: File,
}

impl Emulator {
    /// Starts the emulator of `service` on a free port, and waits until it answers.
    pub async fn start(service: Service) -> Result<Self, EmulatorError> {
        let mut tried = 1;
        loop {
            match Self::start_on(service, free_port()?).await {
                Err(EmulatorError::NotReady { .. }) if tried < PORTS_TRIED => tried += 1,
                outcome => return outcome,
            }
        }
    }

    /// Starts the emulator of `service` on `port`, and waits until it answers.
    pub async fn start_on(service: Service, port: u16) -> Result<Self, EmulatorError> {
        let mut emulator = Self::spawn(service, port)?;
        let deadline = Instant::now() + START_LIMIT;
        while !answers(&emulator.host).await {
            let ended = emulator.shell.try_wait()?.is_some();
            if ended || Instant::now() > deadline {
                let log = emulator.log()?;
                return Err(EmulatorError::NotReady { service, log });
            }
            sleep(POLL).await;
        }
        Ok(emulator)
    }

    /// Where it listens, as `host:port`.
    pub fn host(&self) -> &str {
        &self.host
    }

    fn spawn(service: Service, port: u16) -> Result<Self, EmulatorError> {
        let log = tempfile::tempfile()?;
        let shell = Command::new("sh")
            .args(["-c", UNTIL_INPUT_ENDS, "emulator"])
            .args(["nice", "-n", niceness(service)])
            .arg(install::java()?)
            .args(JVM)
            .args(install::program(service)?)
            .args(["--host=127.0.0.1", &format!("--port={port}")])
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .spawn()?;
        Ok(Self { service, host: format!("127.0.0.1:{port}"), shell, log })
    }

    fn log(&mut self) -> Result<String, EmulatorError> {
        let mut log = Vec::new();
        self.log.seek(SeekFrom::Start(0))?;
        self.log.read_to_end(&mut log)?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }
}

impl Drop for Emulator {
    /// Closes the pipe and waits until the port is free again.
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if let Err(error) = self.shell.wait() {
            eprintln!("the {:?} emulator could not be stopped: {error}", self.service);
        }
    }
}

/// The emulator of the store needs more processor time than everything else together, and on Google
/// Cloud the store has machines of its own: so it gets what the tested programs leave.
fn niceness(service: Service) -> &'static str {
    match service {
        Service::Firestore => "10",
        Service::Pubsub => "0",
    }
}

/// Whether it is up: both emulators answer a plain GET with 200 then.
async fn answers(host: &str) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(host).await.ok()?;
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.ok()?;
        Some(status.starts_with(b"HTTP/1.1 200"))
    };
    timeout(Duration::from_secs(5), asked).await.ok().flatten() == Some(true)
}
