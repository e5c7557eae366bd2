//! The books: what the raw archive says, compared with what the store says.

use std::fs;
use std::path::Path;
use std::process::{ExitStatus, Output};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::binaries::Binaries;
use crate::deployment::Embedded;

/// Runs an operator's command on the data folder `data`.
///
/// # Panics
/// Where it cannot be started.
pub async fn spillway(data: &Path, args: &[&str]) -> Output {
    Command::new(Binaries::shared().await.path("spillway"))
        .args(args)
        .env("DATA_DIR", data)
        .env("LOG_FORMAT", "pretty")
        .output()
        .await
        .expect("it runs")
}

/// `spillway aggregate --compare`, while the server runs: its status, and its report.
///
/// # Panics
/// Where there is no report.
pub async fn aggregated(embedded: &Embedded) -> (ExitStatus, Value) {
    let archive = embedded.folder().join("archive").display().to_string();
    let out = embedded.folder().join("compared.json");
    let path = out.display().to_string();
    let args = ["aggregate", "--archive", &archive, "--out", &path, "--compare"];
    let output = spillway(embedded.folder(), &args).await;
    let report = fs::read(&out).unwrap_or_else(|_| panic!("no report: {output:?}"));
    (output.status, serde_json::from_slice(&report).expect("a report"))
}

/// The report, which has no difference in it.
///
/// # Panics
/// Where it has one.
pub async fn balanced(embedded: &Embedded) -> Value {
    let (status, report) = aggregated(embedded).await;
    assert_eq!(report["comparison"]["differences"], json!([]));
    assert_eq!(status.code(), Some(0));
    report
}

/// The differences, of which there are some.
///
/// # Panics
/// Where there is none.
pub async fn differences(embedded: &Embedded) -> Vec<Value> {
    let (status, report) = aggregated(embedded).await;
    assert_eq!(status.code(), Some(1));
    report["comparison"]["differences"].as_array().cloned().expect("differences")
}
