//! A flood of mixed records for ten seconds, 5,000 embedded and 2,500 on the emulators, which share
//! two cores with everything else: each is answered at once, and stored once under its own tenant.

use e2e::binaries::Binaries;
use e2e::deployment::{Deployment, Settings};
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::Mutex;

e2e::in_both_modes!(
    quick;
    a_flood_of_ten_seconds_is_all_taken_at_once_and_stored_once,
);

/// One flood at a time, so that each has the machine for itself.
static ALONE: Mutex<()> = Mutex::const_new(());

fn quick() -> Settings {
    vec![("WORK_SECONDS_PER_CHAR", "0.0005".to_owned())]
}

async fn a_flood_of_ten_seconds_is_all_taken_at_once_and_stored_once(deployment: Deployment) {
    let _alone = ALONE.lock().await;
    let records = if matches!(deployment, Deployment::Embedded(_)) { 5_000 } else { 2_500 };
    let a_minute = (records * 6).to_string();
    let flood = Command::new(Binaries::shared().await.path("spillway"))
        .args(["flood", "--json", "--rpm", &a_minute, "--duration", "10s", "--tenants", "4"])
        .args(["--verify", "500", "--read-back-timeout", "60s", "--target", &deployment.url()])
        .kill_on_drop(true)
        .output()
        .await
        .expect("spillway runs");
    let report: Value = serde_json::from_slice(&flood.stdout).expect("a report");
    assert!(flood.status.success(), "{report:#}");
    let sending = &report["sending"];
    assert_eq!(sending["promised"], records, "{report:#}");
    assert_eq!(sending["first_tries_failed"], 0, "{report:#}");
    let slowest = sending["latency"]["max_ms"].as_f64().expect("a latency");
    assert!(slowest < 1_000.0, "{slowest} ms");
    assert_eq!(report["reading"]["stored"], records, "{report:#}");
}
