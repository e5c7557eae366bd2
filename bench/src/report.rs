//! GoAccess: it reads a file of lines and writes a report, so the time is that of the whole command.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::BenchError;
use crate::results::Run;
use crate::shape::{LINES, Shape};
use crate::usage::Usage;

/// So many requests' worth of lines for each second that a load lasts: what GoAccess reads in about
/// that time.
const A_SECOND: f64 = 80.0;

/// Runs the command on a file of lines, and counts them in its report.
pub(crate) fn turn(
    mut command: Command,
    shape: Shape,
    lasts: Duration,
    folder: &Path,
) -> Result<Run, BenchError> {
    let requests = (lasts.as_secs_f64() * A_SECOND).ceil() as u64;
    let (log, report) = (folder.join("access.log"), folder.join("report.json"));
    write(&log, shape, requests)?;
    command.arg(&log).args(["--log-format=COMBINED", "--no-progress", "-o"]).arg(&report);
    let began = Instant::now();
    let (took, used) = run(&mut command, began)?;
    let report: Value = serde_json::from_slice(&fs::read(report)?)?;
    let counted = report["general"]["valid_requests"].as_u64().unwrap_or_default();
    let (acked, rate) = (requests * LINES, counted as f64 / took.as_secs_f64());
    Ok(Run {
        acked,
        stored: Some(counted),
        rate,
        counted: Some(rate),
        cpu_micros: used.cpu_seconds * 1e6 / acked as f64,
        dirtied_bytes: used.dirtied as f64 / acked as f64,
        memory_mib: used.memory as f64 / f64::from(1 << 20),
        ..Run::default()
    })
}

fn write(log: &Path, shape: Shape, requests: u64) -> Result<(), BenchError> {
    let (mut file, mut body) = (BufWriter::new(fs::File::create(log)?), String::new());
    for n in 0..requests {
        shape.write("run", n, &mut body);
        file.write_all(body.as_bytes())?;
    }
    Ok(file.flush()?)
}

/// How long the command took, and what it had used when it was last looked at.
fn run(command: &mut Command, began: Instant) -> Result<(Duration, Usage), BenchError> {
    let failed = |why: String| BenchError::Failed("goaccess".to_owned(), why);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut used = Usage::default();
    loop {
        let now = Usage::of(&[child.id()]);
        if now.memory > 0 {
            used = now;
        }
        if let Some(status) = child.try_wait()? {
            return match status.success() {
                true => Ok((began.elapsed(), used)),
                false => Err(failed(status.to_string())),
            };
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
