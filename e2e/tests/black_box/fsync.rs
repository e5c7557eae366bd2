//! A 202 waits for the disk. `strace` tells what the program asks of the system: the answer is sent after
//! the `fsync` of the file to which the record was written. What a power cut takes is what no `fsync`
//! came after, so this holds if the system and the disk do what they say.
//!
//! The control lets `strace` skip one `fsync`: the call does nothing and reports success.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use e2e::api::{Api, eventually};
use e2e::binaries::Binaries;
use e2e::service::Service;
use reqwest::StatusCode;
use tokio::process::Command;

/// How many texts are sent, one after the other.
const TEXTS: usize = 10;
/// The queue's file of what is not yet in `queue.db`.
const WAL: &str = "/queue.db-wal>";
/// What `strace` appends to a call that did nothing.
const SKIPPED: &str = "(INJECTED)";
/// Bytes of a write that are shown: a page of SQLite, or an answer.
const SHOWN: &str = "8192";

/// A program that runs under `strace`, which writes `trace`.
fn traced(program: &Path, folder: &Path, trace: &Path, skipped: Option<usize>) -> Command {
    let mut command = Command::new("strace");
    // With -D the program is the child, and not strace.
    command.args(["-D", "-f", "-y", "-s", SHOWN, "-e", "signal=none", "-o"]).arg(trace);
    command.args(["-e", "trace=fsync,fdatasync,write,pwrite64,writev,sendto,sendmsg"]);
    if let Some(number) = skipped {
        // Each thread counts for itself, and the queue has one that writes.
        command.args(["-e", &format!("inject=fsync,fdatasync:retval=0:when={number}")]);
    }
    command.arg(program).env("DATA_DIR", folder).env("HOST", "127.0.0.1").env("PORT", "0");
    // Nothing is done, and so nothing acknowledged, before the last text is accepted.
    command.env("WORK_SECONDS_PER_CHAR", "0.1");
    command
}

/// What the system was asked while texts were accepted.
async fn trace(skipped: Option<usize>) -> Trace {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, lines) = (folder.path().join("data"), folder.path().join("trace"));
    fs::create_dir(&data).expect("a folder");
    let program = Binaries::shared().await.path("spillway");
    let service = Service::run(traced(program, &data, &lines, skipped)).await;
    let service = service.expect("strace is installed (./dev setup) and may trace");
    let api = Api::new(service.url());
    for n in 0..TEXTS {
        let answer = api.ingest_json("acme", &id(n), &"x".repeat(300)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    }
    service.kill().await.expect("killed");
    // strace writes the rest when it sees that the program has ended.
    eventually("the trace is written", async || {
        let trace = Trace::parse(&String::from_utf8_lossy(&fs::read(&lines).ok()?));
        trace.is_whole().then_some(trace)
    })
    .await
}

fn id(n: usize) -> String {
    format!("durable-{n}.")
}

/// What matters of a trace, in order.
#[derive(Debug, Default)]
struct Trace(Vec<Call>);

#[derive(Debug)]
enum Call {
    /// Something is written to the queue's file: these texts are in it.
    Written(Vec<usize>),
    /// All that was written to the queue's file is on disk.
    Synced,
    /// The answer for this text is being sent.
    Answered(usize),
}

impl Trace {
    /// A call that others came in between of has two lines. It writes and sends from its first line on,
    /// and syncs by its last one.
    fn parse(lines: &str) -> Self {
        let (mut calls, mut begun) = (Self::default(), HashMap::new());
        for line in lines.lines() {
            let (thread, call) = line.split_once(' ').unwrap_or((line, ""));
            let call = call.trim_start();
            if call.starts_with("<...") {
                let begun = begun.remove(thread).unwrap_or_default();
                calls.end(begun, call);
            } else if call.ends_with("<unfinished ...>") {
                calls.begin(call);
                begun.insert(thread, call);
            } else {
                calls.begin(call);
                calls.end(call, call);
            }
        }
        calls
    }

    fn begin(&mut self, call: &str) {
        if call.contains(WAL) && call.contains("write") {
            self.0.push(Call::Written((0..TEXTS).filter(|n| call.contains(&id(*n))).collect()));
        } else if call.contains("HTTP/1.1 202") {
            let answered = (0..TEXTS).filter(|n| call.contains(&id(*n)));
            self.0.extend(answered.map(Call::Answered));
        }
    }

    fn end(&mut self, call: &str, last_line: &str) {
        let is_sync = call.contains(WAL) && call.contains("sync(");
        if is_sync && !last_line.contains(SKIPPED) {
            self.0.push(Call::Synced);
        }
    }

    /// The texts that were answered before they were on disk.
    fn too_early(&self) -> Vec<usize> {
        (0..TEXTS).filter(|n| !self.is_answered_in_time(*n)).collect()
    }

    fn is_answered_in_time(&self, text: usize) -> bool {
        let has = |call: &Call| matches!(call, Call::Written(texts) if texts.contains(&text));
        let written = self.0.iter().position(has).expect("the queue has the text");
        let is_synced = |call: &Call| matches!(call, Call::Synced);
        let synced = self.0[written..].iter().position(is_synced).map(|after| written + after);
        let is_answer = |call: &Call| matches!(call, Call::Answered(n) if *n == text);
        let answered = self.0.iter().position(is_answer).expect("an answer");
        synced.is_some_and(|synced| synced < answered)
    }

    /// Whether each text has its answer.
    fn is_whole(&self) -> bool {
        let has = |text| self.0.iter().any(|call| matches!(call, Call::Answered(n) if *n == text));
        (0..TEXTS).all(has)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_202_is_sent_after_the_fsync_of_its_record_and_a_skipped_fsync_is_noticed() {
    let honest = trace(None).await;
    assert_eq!(honest.too_early(), [0; 0], "{honest:?}");
    // Some of these belong to marks of the archive, which say 202 to nobody.
    for skipped in 1..=TEXTS {
        let too_early = trace(Some(skipped)).await.too_early();
        println!("without fsync number {skipped}: {too_early:?} too early");
        if !too_early.is_empty() {
            return;
        }
    }
    panic!("none of {TEXTS} skipped calls of fsync was noticed");
}
