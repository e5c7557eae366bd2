//! A run that is stopped still reads back what it sent, and reports.

use tokio_util::sync::CancellationToken;

use super::{assert_only, finding, flood, with_fault};
use crate::flood::peer::{self, Behaviour, Fault};

#[tokio::test]
async fn a_stop_ends_the_sending_and_still_reads_back() {
    let stop = CancellationToken::new();
    let behaviour = Behaviour { cancels: Some((10, stop.clone())), ..Behaviour::default() };
    let (_, target) = peer::start(behaviour);
    let report = flood(&target, &["--duration", "30s", "--connections", "60000"])
        .run(&stop)
        .await
        .expect("a report");
    assert!(report.ok && report.sending.stopped, "{report}");
    assert!(report.sending.sent >= 10 && report.sending.sent < report.sending.planned);
    assert_eq!(report.reading.stored, report.sending.sent);
}

#[tokio::test]
async fn a_stop_while_reading_back_ends_the_wait_and_still_reports() {
    let stop = CancellationToken::new();
    let cancels_at_third_listing = Some(stop.clone());
    let behaviour = Behaviour { cancels_at_third_listing, ..with_fault(Fault::Lose) };
    let (peer, target) = peer::start(behaviour);
    let flood = flood(&target, &["--read-back-timeout", "24h"]);
    let report = flood.run(&stop).await.expect("a report");
    assert!(report.reading.stopped && !report.sending.stopped, "{report}");
    let expected = finding(&peer.faulty(Fault::Lose), "neither stored nor in quarantine");
    assert_only(&report, |f| &mut f.missing, &expected);
}

#[tokio::test]
async fn a_run_that_sent_nothing_fails() {
    let stop = CancellationToken::new();
    stop.cancel();
    let (_, target) = peer::start(Behaviour::default());
    let report = flood(&target, &[]).run(&stop).await.expect("a report");
    assert!(!report.ok);
    assert!(report.to_string().contains("nothing was sent"), "{report}");
}
