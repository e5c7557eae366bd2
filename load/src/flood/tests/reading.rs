//! The read-back waits, tries again, and says what it could not compare.

use super::{finding, run, run_with, with_fault};
use crate::flood::peer::{Behaviour, Fault};

#[tokio::test]
async fn late_records_and_records_in_parts_are_waited_for() {
    for fault in [Fault::Late, Fault::InParts] {
        let (_, report) = run(with_fault(fault), &["--read-back-timeout", "1m"]).await;
        assert!(report.ok, "{fault:?}: {report}");
    }
}

#[tokio::test]
async fn without_a_time_in_the_listing_the_document_or_the_first_sight_gives_it() {
    let (report, _) = run_with(Fault::Timeless).await;
    assert!(report.ok, "{report}");
    assert_eq!((report.reading.times_by_processed_at, report.reading.times_by_sight), (59, 1));
    assert!(report.to_string().contains("to when it was first seen for 1"));
}

#[tokio::test]
async fn reads_that_fail_for_a_while_are_retried() {
    let (_, report) = run(Behaviour { refuse_reads: 5, ..Behaviour::default() }, &[]).await;
    assert!(report.ok, "{report}");
}

#[tokio::test]
async fn an_endless_listing_is_reported_and_abandoned() {
    let (_, report) = run(Behaviour { endless: true, ..Behaviour::default() }, &[]).await;
    let unreadable = &report.findings.unreadable;
    assert_eq!(unreadable.len(), 2);
    assert!(unreadable.iter().all(|f| f.detail.contains("has no end")), "{unreadable:?}");
    assert!(report.findings.missing.is_empty(), "nothing is known of what could not be read");
    assert!(!report.ok);
}

#[tokio::test]
async fn without_originals_the_report_says_that_no_text_was_compared() {
    let (_, report) = run(Behaviour { no_originals: true, ..Behaviour::default() }, &[]).await;
    assert!(report.ok, "{report}");
    assert_eq!((report.reading.compared, report.reading.without_original), (60, 60));
    assert!(report.to_string().contains("60 without original text"));
}

#[tokio::test]
async fn a_sample_is_called_a_sample() {
    let (_, report) = run(Behaviour::default(), &["--verify", "10"]).await;
    assert_eq!((report.reading.compared, report.reading.stored), (10, 60));
    assert!(report.to_string().contains("10 of 60 stored documents (a random sample)"));
}

#[tokio::test]
async fn control_characters_from_a_server_are_escaped() {
    let (_, mut report) = run(Behaviour::default(), &[]).await;
    report.findings.unexpected.push(finding(&("t".into(), "\u{1b}[2J".into()), "x\r\n"));
    let printed = report.to_string();
    assert!(!printed.contains(['\u{1b}', '\r']), "{printed}");
    let parsed: serde_json::Value =
        serde_json::from_str(&serde_json::to_string(&report).expect("JSON")).expect("JSON");
    assert_eq!(parsed["findings"]["unexpected"][0]["log_id"], "\u{1b}[2J");
}
