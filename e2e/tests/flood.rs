//! A flood of 5,000 mixed records in ten seconds: each is answered at once, and stored once under
//! its own tenant.

use e2e::binaries::Binaries;
use e2e::deployment::{Deployment, Settings};
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::Mutex;

e2e::in_both_modes!(
    quick;
    five_thousand_records_in_ten_seconds_are_all_taken_at_once_and_stored_once,
);

/// One flood at a time, so that each has the machine for itself.
static ALONE: Mutex<()> = Mutex::const_new(());

fn quick() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0.0005".to_owned())]
}

async fn five_thousand_records_in_ten_seconds_are_all_taken_at_once_and_stored_once(
    deployment: Deployment,
) {
    let _alone = ALONE.lock().await;
    let flood = Command::new(Binaries::shared().await.path("spillway"))
        .args(["flood", "--json", "--rpm", "30000", "--duration", "10s", "--tenants", "4"])
        .args(["--verify", "500", "--read-back-timeout", "60s", "--target", &deployment.url()])
        .kill_on_drop(true)
        .output()
        .await
        .expect("spillway runs");
    let report: Value = serde_json::from_slice(&flood.stdout).expect("a report");
    assert!(flood.status.success(), "{report:#}");
    let sending = &report["sending"];
    assert_eq!(sending["promised"], 5_000, "{report:#}");
    assert_eq!(sending["first_tries_failed"], 0, "{report:#}");
    let slowest = sending["latency"]["max_ms"].as_f64().expect("a latency");
    assert!(slowest < 1_000.0, "{slowest} ms");
    assert_eq!(report["reading"]["stored"], 5_000, "{report:#}");
}
