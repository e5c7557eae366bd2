//! What came of a soak, for people.

use std::fmt;
use std::time::Duration;

use super::sample::Sample;
use super::verdict::{Verdict, median};
use crate::send::Sent;

/// The rows of the table.
const ROWS: usize = 10;

pub(crate) struct Report<'a> {
    pub(crate) rate: u32,
    pub(crate) lasts: Duration,
    pub(crate) samples: &'a [Sample],
    pub(crate) sent: &'a [Sent],
    pub(crate) verdict: &'a Verdict,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, lasts, samples, sent, verdict } = self;
        let lasts = lasts.as_secs();
        writeln!(
            f,
            "{rate} events a second for {lasts} s, with texts and access logs beside them.\n"
        )?;
        for (what, sent) in ["events", "texts", "batches"].iter().zip(*sent) {
            let p99 = sent.latency.value_at_quantile(0.99) as f64 / 1_000.0;
            writeln!(
                f,
                "- {what}: {} acknowledged, {} refused, {} failed, 99% within {p99:.1} ms",
                sent.acked, sent.refused, sent.errors
            )?;
        }
        writeln!(f, "\n| until, s | memory, MiB | descriptors | threads | in the queue |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for part in samples.chunks(samples.len().div_ceil(ROWS).max(1)) {
            let until = part.last().map_or(0, |it| it.at.as_secs());
            let of = |of: fn(&Sample) -> u64| median(part, of);
            let (memory, queue) = (of(|it| it.memory) >> 20, of(|it| it.queue));
            let (descriptors, threads) = (of(|it| it.descriptors), of(|it| it.threads));
            writeln!(f, "| {until} | {memory} | {descriptors} | {threads} | {queue} |")?;
        }
        if verdict.holds() {
            return writeln!(f, "\nNothing grew, and all that was acknowledged is stored.");
        }
        writeln!(f, "\nThis is wrong:")?;
        verdict.wrong().iter().try_for_each(|wrong| writeln!(f, "- {wrong}"))
    }
}
