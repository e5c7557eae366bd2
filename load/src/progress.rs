//! A progress bar on standard error, shown only on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar with `length` steps. End it with `finish_and_clear`.
pub fn progress(length: usize, what: &'static str) -> ProgressBar {
    let template = "{prefix:>12} {wide_bar} {pos}/{len} {elapsed_precise} {msg}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(length as u64).with_style(style).with_prefix(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
