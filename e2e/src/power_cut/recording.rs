//! The embedded program under `strace`.

use std::fs;
use std::path::{Path, PathBuf};

use common::data_folder::{DOCUMENTS, QUEUE};
use futures::future::join_all;
use tempfile::TempDir;
use tokio::process::Command;

use super::error::TraceError;
use super::trace::Trace;
use crate::api::eventually;
use crate::binaries::Binaries;
use crate::service::Service;

/// The calls that change files, or send answers. A question mark is for calls that some processors lack.
const CALLS: &str = "?open,openat,?creat,lseek,write,pwrite64,writev,pwritev,?pwritev2,ftruncate,\
    truncate,fallocate,?rename,?renameat,?renameat2,?unlink,unlinkat,?rmdir,?mkdir,mkdirat,?link,\
    linkat,?symlink,symlinkat,fsync,fdatasync,sendto,sendmsg,sendfile,copy_file_range";
/// Bytes of a write that are shown: more than any write has.
const SHOWN: &str = "67108864";
/// The file of the trace, and the data folder, in the folder of a recording.
const TRACE: &str = "trace";
const DATA: &str = "data";

/// A program that is being traced.
pub struct Recording {
    service: Service,
    folder: TempDir,
}

/// A trace that was recorded. If a test panics, its folder is kept.
#[derive(Debug)]
pub struct Recorded {
    folder: Option<TempDir>,
    trace: Trace,
}

impl Recording {
    /// Starts the program with these settings. On each of its threads, the call of `fsync` or `fdatasync`
    /// with the number `skipped` does nothing, and says that it did.
    ///
    /// # Panics
    /// If it does not start, because `strace` is missing or may not trace.
    pub async fn start(settings: &[(&str, &str)], skipped: Option<usize>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = data_folder(folder.path());
        fs::create_dir(&data).expect("a folder");
        let mut command = Command::new("strace");
        // With -D the program is the child, and not strace. Other calls than those do not stop it.
        command.args(["-D", "-f", "-y", "--seccomp-bpf", "-s", SHOWN]);
        command.arg("-e").arg(format!("trace={CALLS}")).arg("-o").arg(folder.path().join(TRACE));
        if let Some(number) = skipped {
            command.args(["-e", &format!("inject=fsync,fdatasync:retval=0:when={number}")]);
        }
        command.arg(Binaries::shared().await.path("spillway")).env("DATA_DIR", &data);
        command.env("HOST", "127.0.0.1").env("PORT", "0").envs(settings.iter().copied());
        let service = Service::run(command).await;
        let service = service.expect("strace is installed (./dev setup) and may trace");
        Self { service, folder }
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        self.service.url()
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        data_folder(self.folder.path())
    }

    /// Waits until SQLite's log of both databases was copied to its file, and emptied.
    ///
    /// # Panics
    /// If that takes too long.
    pub async fn logs_are_emptied(&self) {
        join_all([QUEUE, DOCUMENTS].map(|database| self.log_is_emptied(database))).await;
    }

    /// It may grow again at once, but not to its old length between two looks.
    async fn log_is_emptied(&self, database: &str) {
        let log = self.data().join(format!("{database}-wal"));
        let mut longest = 0;
        eventually(&format!("the log of {database} is emptied"), async || {
            let length = fs::metadata(&log).ok()?.len();
            longest = longest.max(length);
            (length < longest).then_some(())
        })
        .await;
    }

    /// Kills the program, and reads what it did.
    ///
    /// # Panics
    /// If the trace cannot be read.
    pub async fn end(self) -> Recorded {
        self.service.kill().await.expect("killed");
        let path = self.folder.path().join(TRACE);
        // strace writes the rest when it sees that the program has ended.
        eventually("the trace is written", async || is_whole(&path).then_some(())).await;
        match read(self.folder.path()) {
            Ok(trace) => Recorded { folder: Some(self.folder), trace },
            Err(error) => panic!("{error}; it is kept in {}", self.folder.keep().display()),
        }
    }
}

impl Recorded {
    /// The recording in a folder that an earlier run has kept. It must not have been moved, since the
    /// trace has its paths.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn kept(folder: &Path) -> Self {
        let trace = read(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Self { folder: None, trace }
    }

    /// What the program did.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take().filter(|_| std::thread::panicking()) {
            eprintln!("the trace is kept: POWER_CUT_TRACE={}", folder.keep().display());
        }
    }
}

/// The paths in a trace are those that the system knows.
fn data_folder(folder: &Path) -> PathBuf {
    fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()).join(DATA)
}

fn read(folder: &Path) -> Result<Trace, TraceError> {
    let trace = fs::read_to_string(folder.join(TRACE))?;
    Trace::parse(&trace, &data_folder(folder))
}

/// The end of the first thread is the last line.
fn is_whole(trace: &Path) -> bool {
    let trace = fs::read(trace).unwrap_or_default();
    let first = trace.split(|byte| *byte == b' ').next().unwrap_or_default();
    let last = trace.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    last.starts_with(first) && last.ends_with(b"+++ killed by SIGKILL +++")
}
