//! What the figures were measured on.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::results::Machine;

impl Machine {
    pub(crate) fn here() -> Self {
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
        let kib: u64 =
            memory.split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or_default();
        let release = read("/proc/sys/kernel/osrelease");
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_default(),
            memory_gib: kib.div_ceil(1 << 20),
            system: format!("Linux {}", release.trim()),
        }
    }
}

/// The commit that is measured; with a plus if files have changed since.
pub(crate) fn commit(root: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).unwrap_or_default();
    if changed.is_empty() { commit } else { commit + "+" }
}
