//! The metrics of the process itself, under the names that Prometheus' clients give them. They come
//! from `/proc`, so only Linux has them.

use std::fmt::Write as _;
use std::fs;

/// Processor time is counted in hundredths of a second, on every Linux that Rust supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// A metric: the end of its name, its type, its help text, and its value if it can be read.
type Row = (&'static str, &'static str, &'static str, Option<f64>);

/// All metrics that can be read, in Prometheus' text format.
pub(crate) fn metrics() -> String {
    let stat = read("/proc/self/stat");
    let rows = [[cpu(&stat)].as_slice(), &files(), &status(), &[started(&stat)]].concat();
    let mut text = String::new();
    for (name, kind, help, value) in rows {
        if let Some(value) = value {
            // Writing into a string does not fail.
            let _ = write!(
                text,
                "# HELP process_{name} {help}\n# TYPE process_{name} {kind}\nprocess_{name} {value}\n"
            );
        }
    }
    text
}

fn cpu(stat: &str) -> Row {
    let seconds = processor_ticks(stat).map(|ticks| ticks / TICKS_PER_SECOND);
    ("cpu_seconds_total", "counter", "Processor time used, in seconds.", seconds)
}

fn started(stat: &str) -> Row {
    let help = "When the process started, in seconds since 1970.";
    ("start_time_seconds", "gauge", help, start(stat, &read("/proc/stat")))
}

fn files() -> [Row; 2] {
    let open = fs::read_dir("/proc/self/fd").map(|files| files.count() as f64).ok();
    let most = most_files(&read("/proc/self/limits"));
    [
        ("open_fds", "gauge", "Open file descriptors.", open),
        ("max_fds", "gauge", "The most file descriptors that may be open.", most),
    ]
}

fn status() -> [Row; 3] {
    let status = read("/proc/self/status");
    let bytes = |name| field(&status, name).map(|kilobytes| kilobytes * 1_024.0);
    let (resident, mapped) = (bytes("VmRSS:"), bytes("VmSize:"));
    [
        ("resident_memory_bytes", "gauge", "Memory in use, in bytes.", resident),
        ("virtual_memory_bytes", "gauge", "Address space in use, in bytes.", mapped),
        ("threads", "gauge", "Threads.", field(&status, "Threads:")),
    ]
}

/// The file's text; empty if there is no file.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The numbers after the program's name, which may contain anything but ends with a parenthesis.
fn after_name(stat: &str) -> Option<Vec<&str>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace().collect())
}

fn processor_ticks(stat: &str) -> Option<f64> {
    let fields = after_name(stat)?;
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some(ticks(11)? + ticks(12)?)
}

fn start(stat: &str, of_all: &str) -> Option<f64> {
    let ticks: f64 = after_name(stat)?.get(19)?.parse().ok()?;
    Some(field(of_all, "btime")? + ticks / TICKS_PER_SECOND)
}

/// The first number on the line that begins with `name`.
fn field(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn most_files(limits: &str) -> Option<f64> {
    field(limits, "Max open files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_from_the_kernels_line() {
        let stat = "7 (a )b) S 1 1 1 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 9 0 4200 9 9 9";
        assert_eq!(processor_ticks(stat), Some(300.0));
        assert_eq!(start(stat, "cpu 1 2\nbtime 1764000000\n"), Some(1_764_000_042.0));
        assert_eq!(processor_ticks(""), None);
        let limits = "Limit  Soft Limit\nMax open files            1024      4096     files\n";
        assert_eq!(most_files(limits), Some(1_024.0));
        assert_eq!(most_files("Max open files  unlimited"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_all_of_them() {
        let text = metrics();
        let values: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(values.len(), 7, "{text}");
        assert!(values.iter().all(|line| !line.ends_with(" 0")), "{text}");
    }
}
