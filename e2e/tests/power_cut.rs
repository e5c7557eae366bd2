//! A power cut loses nothing that was accepted in the embedded mode, and counts nothing twice. It needs
//! Linux and `strace`.
//!
//! The real program runs under `strace` while it takes, stores, acknowledges and archives records. For
//! each of some lines of the trace, the data folder is built again as a disk would hold it if the power
//! had failed there ([`e2e::power_cut`] says what that is), and the program starts on it.
//!
//! `POWER_CUTS` is the number of cuts; each trace has up to 25 of them. `POWER_CUT_SEED` repeats those of a
//! trace that a failure has kept: `POWER_CUT_TRACE` is its folder.
//!
//! ```sh
//! POWER_CUTS=200 cargo test -p e2e --test power_cut -- --nocapture
//! ```

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use e2e::api::Api;
use e2e::deployment::Embedded;
use e2e::power_cut::{Books, Cut, Disk, Found, Load, Recorded, Recording, Survivors, Trace};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// The cuts of a normal run.
const CUTS: u64 = 12;
/// The most cuts of a trace.
const CUTS_OF_A_TRACE: u64 = 25;
/// The records of a trace, and how often one is sent: for so long that SQLite's logs are emptied.
const RECORDS: usize = 250;
const EVERY: Duration = Duration::from_millis(28);
/// The load is the same every time.
const LOAD: u64 = 1;
/// The records of the control.
const FEW: usize = 10;
/// What a trace must have to be worth a cut: the paths of a record, and what may go wrong on them.
const PLACES: [&str; 12] = [
    "answer",
    "create archive",
    "write archive",
    "sync archive",
    "write queue.db-wal",
    "sync queue.db-wal",
    "cut off queue.db-wal",
    "write queue.db",
    "write documents.db-wal",
    "cut off documents.db-wal",
    "write documents.db",
    "write analytics",
];
/// The settings while it is traced. Some work is done at each moment.
const TRACED: [(&str, &str); 2] = [("WORK_SECONDS_PER_CHAR", "0.0005"), ("AGGREGATE_SECONDS", "1")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_moment_loses_nothing_that_was_accepted_and_counts_nothing_twice() {
    let (cuts, seed) = (setting("POWER_CUTS"), setting("POWER_CUT_SEED"));
    let (cuts, seed) = (cuts.unwrap_or(CUTS), seed.unwrap_or_else(rand::random));
    let load = Load::of(LOAD, RECORDS);
    for first in (0..cuts).step_by(CUTS_OF_A_TRACE as usize) {
        let recorded = recorded(&load).await;
        println!("POWER_CUT_SEED={}", seed.wrapping_add(first));
        let mut random = StdRng::seed_from_u64(seed.wrapping_add(first));
        for _ in first..cuts.min(first + CUTS_OF_A_TRACE) {
            let (cut, seed) = (recorded.trace().cut(&mut random), random.random());
            let found = cut_and_start(&load, recorded.trace(), &cut, Survivors::of(seed)).await;
            assert!(found.problems.is_empty(), "at {cut:?}:\n{}", found.problems.join("\n"));
        }
    }
}

async fn recorded(load: &Load) -> Recorded {
    if let Ok(folder) = std::env::var("POWER_CUT_TRACE") {
        return Recorded::kept(Path::new(&folder));
    }
    let began = Instant::now();
    let recording = Recording::start(&TRACED, None).await;
    let url = recording.url();
    futures::join!(load.send(&url, EVERY), recording.logs_are_emptied());
    let recorded = recording.end().await;
    let places = recorded.trace().places();
    let times: Vec<String> =
        places.iter().map(|(place, lines)| format!("{place} {} times", lines.len())).collect();
    println!("traced in {:.1?}: {}", began.elapsed(), times.join(", "));
    let missing = PLACES.iter().find(|place| !places.contains_key(*place));
    assert_eq!(missing, None, "the trace lacks what it should show");
    recorded
}

/// A control: without one `fsync` of the queue, nothing but what was synced is left when the answer for the
/// next record is being sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skipped_fsync_of_the_queue_loses_a_record_that_was_accepted() {
    let load = Load::of(LOAD, FEW);
    for skipped in 1..=FEW {
        let recording = Recording::start(&[("WORK_SECONDS_PER_CHAR", "0.1")], Some(skipped)).await;
        load.send(&recording.url(), EVERY).await;
        let recorded = recording.end().await;
        let trace = recorded.trace();
        let lost = lost(&load, trace, trace.disk(), right_after_a_skip(trace)).await;
        println!("without fsync number {skipped}: {lost:?}");
        if !lost.is_empty() {
            return;
        }
    }
    panic!("none of {FEW} skipped calls of fsync was noticed");
}

/// The line after the first answer that follows a skipped sync of the queue.
fn right_after_a_skip(trace: &Trace) -> usize {
    let skipped = trace.lines("skip queue.db-wal").iter().min();
    let follows = |skipped: &usize| trace.answers().iter().find(|answer| answer.line > *skipped);
    skipped.and_then(follows).map_or(0, |answer| answer.line + 1)
}

/// A control: if the documents were not synced, the queue would have let go of what is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_fsyncs_of_the_documents_what_has_left_the_queue_is_lost() {
    let load = Load::of(LOAD, FEW);
    let recording = Recording::start(&TRACED, None).await;
    load.send(&recording.url(), EVERY).await;
    let (api, data) = (Api::new(recording.url()), recording.data());
    Books { api, folder: &data, load: &load }.at_rest().await;
    let recorded = recording.end().await;
    let trace = recorded.trace();
    let end = usize::MAX;
    assert_eq!(lost(&load, trace, trace.disk(), end).await, [""; 0], "nothing, if they are synced");
    let disk = trace.disk().without_syncs_of("documents.db-wal");
    let lost = lost(&load, trace, &disk, end).await;
    println!("without any fsync of the documents: {lost:?}");
    assert!(!lost.is_empty());
}

/// What was accepted and is lost if nothing but what was synced is left.
async fn lost(load: &Load, trace: &Trace, disk: &Disk, line: usize) -> Vec<String> {
    let cut = Cut { line, place: "a control".to_owned() };
    let started = Started::after(disk, &cut, Survivors::none()).await;
    let found = started.books(load).compare(&accepted(trace, &cut)).await;
    found.problems.into_iter().filter(|problem| problem.contains("is lost")).collect()
}

/// The program, started on what a cut leaves.
struct Started(Embedded);

impl Started {
    async fn after(disk: &Disk, cut: &Cut, mut left: Survivors) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let rebuilt = disk.rebuild(cut.line, &mut left, folder.path());
        rebuilt.expect("the folder as it is on the disk");
        let settings = [("WORK_SECONDS_PER_CHAR", "0"), ("AGGREGATE_SECONDS", "1")];
        let settings = settings.map(|(name, value)| (name, value.to_owned())).to_vec();
        let embedded = Embedded::start_in(folder, settings).await;
        Self(embedded.unwrap_or_else(|error| panic!("at {cut:?}: {error}")))
    }

    fn url(&self) -> String {
        self.0.service().url()
    }

    fn books<'a>(&'a self, load: &'a Load) -> Books<'a> {
        Books { api: Api::new(self.url()), folder: self.0.folder(), load }
    }
}

/// The ids of the records whose 202 had begun to be sent.
fn accepted<'a>(trace: &'a Trace, cut: &Cut) -> BTreeSet<&'a str> {
    let answers = trace.answers().iter().filter(|answer| answer.line < cut.line);
    answers.map(|answer| answer.id.as_str()).collect()
}

/// Starts the program on what a cut leaves, and compares; then sends everything again, as clients do that
/// have lost their answers, and compares once more.
async fn cut_and_start(load: &Load, trace: &Trace, cut: &Cut, left: Survivors) -> Found {
    let (began, accepted) = (Instant::now(), accepted(trace, cut));
    let strict = if left.is_strict() { ", only what was synced" } else { "" };
    let started = Started::after(trace.disk(), cut, left).await;
    let books = started.books(load);
    let mut found = books.compare(&accepted).await;
    load.send_again(&started.url()).await;
    let again = books.compare(&load.ids().collect()).await;
    found.problems.extend(again.problems.iter().map(|problem| format!("sent again: {problem}")));
    let log = started.0.service().log().text();
    found.problems.extend(books.complaints(&log).into_iter().map(str::to_owned));
    println!(
        "line {}, near {}, {} changes open{strict}: {} accepted, {} stored, {:.1?}",
        cut.line,
        cut.place,
        trace.disk().open_changes(cut.line),
        accepted.len(),
        found.stored.len(),
        began.elapsed()
    );
    found
}

/// A number in the environment.
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a whole number: {text}")))
}
