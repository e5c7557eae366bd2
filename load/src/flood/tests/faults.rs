//! Each fault of a record is found, and nothing else.

use std::collections::BTreeMap;

use super::{assert_only, finding, run, run_with, with_fault};
use crate::flood::peer::{Behaviour, Fault, other};

#[tokio::test]
async fn a_server_without_faults_gets_a_clean_report() {
    let (_, report) = run(Behaviour::default(), &[]).await;
    assert!(report.ok, "{report}");
    let sending = &report.sending;
    assert_eq!((sending.sent, sending.promised, sending.held_back), (60, 60, 0));
    assert_eq!(sending.answers, BTreeMap::from([("202".to_owned(), 60)]));
    assert_eq!((sending.first_tries_failed, sending.retries), (0, 0));
    assert_eq!(sending.latency.map(|l| l.count), Some(60));
    let reading = &report.reading;
    assert_eq!((reading.stored, reading.compared, reading.without_original), (60, 60, 0));
    assert_eq!((reading.times_by_processed_at, reading.times_by_sight), (60, 0));
}

#[tokio::test]
async fn a_lost_record_is_missing() {
    let (report, faulty) = run_with(Fault::Lose).await;
    let expected = finding(&faulty, "neither stored nor in quarantine");
    assert_only(&report, |f| &mut f.missing, &expected);
}

#[tokio::test]
async fn a_record_that_is_never_finished_is_missing() {
    let (report, faulty) = run_with(Fault::Unfinished).await;
    let expected = finding(&faulty, "in progress: not all of its parts are stored");
    assert_only(&report, |f| &mut f.missing, &expected);
}

#[tokio::test]
async fn a_record_that_is_only_listed_is_missing() {
    let (report, faulty) = run_with(Fault::ListedOnly).await;
    let expected = finding(&faulty, "listed, but its document answers 404");
    assert_only(&report, |f| &mut f.missing, &expected);
}

#[tokio::test]
async fn a_record_listed_twice_is_doubled() {
    let (report, faulty) = run_with(Fault::Double).await;
    assert_only(&report, |f| &mut f.doubled, &finding(&faulty, "listed 2 times"));
}

#[tokio::test]
async fn a_record_stored_and_in_quarantine_is_doubled() {
    let (mut report, faulty) = run_with(Fault::QuarantineToo).await;
    let quarantined = std::mem::take(&mut report.findings.quarantined);
    assert_eq!(quarantined, [finding(&faulty, "a fault on demand")]);
    assert_only(&report, |f| &mut f.doubled, &finding(&faulty, "stored and also in quarantine"));
}

#[tokio::test]
async fn a_record_in_another_tenants_listing_is_in_the_wrong_place() {
    let both = [(Fault::Misplace, "and is not there"), (Fault::Spread, "and is there too")];
    for (fault, besides) in both {
        let (peer, report) = run(with_fault(fault), &[]).await;
        let (tenant, id) = peer.faulty(fault);
        let expected = finding(&(other(&tenant), id), &format!("belongs to {tenant} {besides}"));
        assert_only(&report, |f| &mut f.misplaced, &expected);
    }
}

#[tokio::test]
async fn a_record_in_another_tenants_quarantine_is_in_the_wrong_place() {
    let (report, (tenant, id)) = run_with(Fault::QuarantineElsewhere).await;
    let detail = format!("belongs to {tenant} and is there too");
    assert_only(&report, |f| &mut f.misplaced, &finding(&(other(&tenant), id), &detail));
}

#[tokio::test]
async fn a_changed_text_is_wrong_content_and_is_not_quoted() {
    let (report, faulty) = run_with(Fault::Corrupt).await;
    let detail = report.findings.wrong_content[0].detail.clone();
    assert!(detail.starts_with("original_text differs from character "), "{detail}");
    assert_only(&report, |f| &mut f.wrong_content, &finding(&faulty, &detail));
}

#[tokio::test]
async fn a_changed_source_is_wrong_content_even_if_no_document_is_compared() {
    let (peer, report) = run(with_fault(Fault::Relabel), &["--verify", "0"]).await;
    let detail = report.findings.wrong_content[0].detail.clone();
    assert!(detail.starts_with("source is csv_upload, sent as "), "{detail}");
    let expected = finding(&peer.faulty(Fault::Relabel), &detail);
    assert_only(&report, |f| &mut f.wrong_content, &expected);
}

#[tokio::test]
async fn a_record_in_quarantine_is_found_there_with_its_reason() {
    let (report, faulty) = run_with(Fault::Quarantine).await;
    assert_only(&report, |f| &mut f.quarantined, &finding(&faulty, "a fault on demand"));
}

#[tokio::test]
async fn a_record_that_nobody_sent_is_unexpected() {
    let (_, report) = run(Behaviour { stranger: true, ..Behaviour::default() }, &[]).await;
    let unexpected = &report.findings.unexpected;
    assert_eq!(unexpected.len(), 2, "one in each tenant");
    assert!(unexpected.iter().all(|f| f.log_id == "from-nowhere"));
    assert!(report.findings.missing.is_empty() && !report.ok);
}

#[tokio::test]
async fn a_refused_record_is_reported_with_the_reason_the_server_gave() {
    let (report, faulty) = run_with(Fault::Reject).await;
    let detail = "400: a fault on demand";
    assert_only(&report, |f| &mut f.refused, &finding(&faulty, detail));
    assert_eq!(report.sending.answers["400"], 1);
    assert_eq!((report.sending.promised, report.reading.stored), (59, 59));
}
