//! A real file system of a fixed size, in memory. It is mounted in a namespace of its own, so nothing else
//! of the machine sees it, and it is gone with the namespace.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::statvfs;
use rustix::process::geteuid;
use tempfile::TempDir;

/// Mounts the file system, says so, and keeps the namespace until its standard input ends.
const HOLD: &str =
    r#"mount -t tmpfs -o "size=$2m,mode=700" spillway "$1" && echo mounted && exec cat"#;
const MOUNTED: &str = "mounted\n";

/// A small file system.
pub(crate) struct SmallDisk {
    /// Its namespace is that of this process, which ends when its standard input does.
    holder: Child,
    place: TempDir,
    least_free: AtomicU64,
}

impl SmallDisk {
    /// A file system of this size.
    ///
    /// # Panics
    /// If nothing can be mounted here.
    pub(crate) fn of_mib(mib: u64) -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let mut unshare = Command::new("unshare");
        if !geteuid().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        unshare.args(["--mount", "sh", "-c", HOLD, "sh"]).arg(place.path()).arg(mib.to_string());
        let pipes = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut holder = pipes.spawn().expect("unshare runs (Debian: util-linux)");
        assert_mounted(&mut holder);
        Self { holder, place, least_free: AtomicU64::new(u64::MAX) }
    }

    /// Where programs that were started with [`SmallDisk::command`] see it.
    pub(crate) fn place(&self) -> &Path {
        self.place.path()
    }

    /// A command that sees it.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.holder.id().to_string(), "--mount"]);
        if !geteuid().is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.arg("--").arg(program);
        command
    }

    /// Makes room, or takes it away, while it is in use.
    pub(crate) fn resize(&self, mib: u64) {
        let size = format!("remount,size={mib}m");
        let resized = self.command("mount").args(["-o", &size]).arg(self.place()).status();
        assert!(resized.expect("mount runs").success(), "the file system has another size");
    }

    /// The bytes that are free.
    pub(crate) fn free(&self) -> u64 {
        let disk = statvfs(self.seen_from_here()).expect("a file system");
        let free = disk.f_bavail * disk.f_frsize;
        self.least_free.fetch_min(free, Ordering::Relaxed);
        free
    }

    /// The fewest that [`SmallDisk::free`] has found.
    pub(crate) fn least_free(&self) -> u64 {
        self.least_free.load(Ordering::Relaxed)
    }

    /// The bytes of a file.
    pub(crate) fn size_of(&self, file: &str) -> u64 {
        self.seen_from_here().join(file).metadata().map_or(0, |file| file.len())
    }

    fn seen_from_here(&self) -> PathBuf {
        let root = format!("/proc/{}/root", self.holder.id());
        Path::new(&root).join(self.place().strip_prefix("/").expect("an absolute path"))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.holder.kill().and_then(|()| self.holder.wait()));
    }
}

fn assert_mounted(holder: &mut Child) {
    let mut said = String::new();
    let output = holder.stdout.take().expect("a pipe");
    drop(BufReader::new(output).read_line(&mut said));
    if said != MOUNTED {
        let mut why = String::new();
        drop(holder.stderr.take().expect("a pipe").read_to_string(&mut why));
        panic!(
            "no file system can be mounted here, and this test needs one (root, or namespaces of users): {why}"
        );
    }
}
