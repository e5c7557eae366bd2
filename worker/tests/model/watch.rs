//! A schedule that does not end fails the tests, and says which one it is.

use std::fmt::Debug;
use std::io::{Write as _, stderr};
use std::process::exit;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// How long a schedule may take by the real clock: a thousand times as long as it does.
const LONGEST: Duration = Duration::from_secs(120);

/// Watches a schedule until it is dropped.
pub(crate) struct Watch(#[expect(dead_code, reason = "it is dropped")] Sender<()>);

impl Watch {
    /// Begins to watch.
    pub(crate) fn begin(steps: &(impl Debug + ?Sized)) -> Self {
        let (ends, ended) = channel::<()>();
        let steps = format!("{steps:#?}");
        thread::spawn(move || {
            if ended.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
                // Past the capture of what a test prints, which only a test that ends can show.
                drop(writeln!(stderr(), "no end within {LONGEST:?}, after {steps}"));
                exit(101);
            }
        });
        Self(ends)
    }
}
