//! The books: the counts of the raw archive, compared with those of the store.

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
/// If it cannot be started.
pub async fn spillway(data: &Path, args: &[&str]) -> Output {
    Command::new(Binaries::shared().await.path("spillway"))
        .args(args)
        .env("DATA_DIR", data)
        .env("LOG_FORMAT", "pretty")
        .output()
        .await
        .expect("spillway runs")
}

/// Runs `spillway aggregate --compare` beside the running server; returns its status and report.
///
/// # Panics
/// If it writes no report.
pub async fn aggregated(embedded: &Embedded) -> (ExitStatus, Value) {
    let archive = embedded.folder().join("archive").display().to_string();
    let out = embedded.folder().join("compared.json");
    let path = out.display().to_string();
    let args = ["aggregate", "--archive", &archive, "--out", &path, "--compare"];
    let output = spillway(embedded.folder(), &args).await;
    let report = fs::read(&out).unwrap_or_else(|_| panic!("no report: {output:?}"));
    (output.status, serde_json::from_slice(&report).expect("a report"))
}

/// The report of a comparison that finds no difference.
///
/// # Panics
/// If there is a difference.
pub async fn balanced(embedded: &Embedded) -> Value {
    let (status, report) = aggregated(embedded).await;
    assert_eq!(report["comparison"]["differences"], json!([]));
    assert_eq!(status.code(), Some(0));
    report
}

/// The differences that a comparison finds.
///
/// # Panics
/// If the comparison finds no differences.
pub async fn differences(embedded: &Embedded) -> Vec<Value> {
    let (status, report) = aggregated(embedded).await;
    assert_eq!(status.code(), Some(1));
    report["comparison"]["differences"].as_array().cloned().expect("a list of differences")
}
