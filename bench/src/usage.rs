//! What a process and all that it started have used, as Linux counts it.

use std::collections::HashMap;
use std::fs;

/// The unit of processor time in `/proc`, the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor time, bytes and memory of a tree of processes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu_seconds: f64,
    /// Bytes that were made dirty in the page cache, to be written to a disk.
    pub(crate) dirtied: u64,
    /// The most memory so far of a single process; of several, what they share now counted once.
    pub(crate) memory: u64,
}

impl Usage {
    /// Of these processes and their descendants.
    pub(crate) fn of(roots: &[u32]) -> Self {
        let processes = tree(roots);
        let each = processes.iter().map(|&pid| Self {
            cpu_seconds: cpu_seconds(pid).unwrap_or_default(),
            dirtied: field(pid, "io", "write_bytes:").unwrap_or_default(),
            memory: memory(pid, processes.len() == 1).unwrap_or_default(),
        });
        each.fold(Self::default(), |all, one| Self {
            cpu_seconds: all.cpu_seconds + one.cpu_seconds,
            dirtied: all.dirtied + one.dirtied,
            memory: all.memory + one.memory,
        })
    }
}

fn tree(roots: &[u32]) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        if let Some(parent) = stat(pid).and_then(|stat| stat.first()?.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = roots.to_vec();
    let mut at = 0;
    while let Some(pid) = found.get(at) {
        found.extend(children.remove(pid).unwrap_or_default());
        at += 1;
    }
    found
}

/// The fields of `/proc/PID/stat` from the parent on: what precedes them may contain blanks.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split_whitespace().skip(1).map(str::to_owned).collect())
}

/// Of the process and of its children that have ended.
fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = stat(pid)?;
    let ticks = stat.get(10..14)?.iter().filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>();
    Some(ticks / TICKS_PER_SECOND)
}

fn memory(pid: u32, alone: bool) -> Option<u64> {
    let kib =
        if alone { field(pid, "status", "VmHWM:") } else { field(pid, "smaps_rollup", "Pss:") };
    kib.map(|kib| kib * 1_024)
}

/// A number in a file of the process.
pub(crate) fn field(pid: u32, file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_memory_and_writes_of_this_process_are_counted() {
        let before = Usage::of(&[std::process::id()]);
        let bytes = vec![1_u8; 32 << 20];
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a folder");
        fs::write(folder.path().join("file"), &bytes).expect("a file");
        let began = std::time::Instant::now();
        while began.elapsed().as_millis() < 100 {
            std::hint::black_box(bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>());
        }
        let after = Usage::of(&[std::process::id()]);
        assert!(after.cpu_seconds - before.cpu_seconds > 0.05, "{before:?} {after:?}");
        assert!(after.dirtied - before.dirtied >= 32 << 20, "{before:?} {after:?}");
        assert!(after.memory >= 32 << 20, "{after:?}");
    }
}
