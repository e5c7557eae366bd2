//! `cloud-shape`: the shape of Google Cloud on a laptop.

use std::net::TcpListener;
use std::process::{Output, Stdio};

use e2e::api::{Api, PATIENCE};
use e2e::service::Service;
use tokio::process::Command;

fn cloud_shape(port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloud-shape"));
    command.env("PORT", port.to_string());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cloud_s_shape_starts_stores_a_record_and_ends() {
    let running = Service::run_within(PATIENCE, cloud_shape(0)).await;
    let running = running.unwrap_or_else(|error| panic!("{error}"));
    let api = Api::new(running.url());
    assert_eq!(api.ingest_json("acme", "1", "x").await.status, 202);
    api.processed_log("acme", "1").await;
    let ended = running.terminate().await.expect("it ends");
    assert!(ended.success(), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_refused_before_anything_is_built() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let ended = cloud_shape(port).stdin(Stdio::null()).output().await;
    let Output { status, stderr, .. } = ended.expect("it runs");
    let said = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains(&port.to_string()) && said.contains("--port"), "{said}");
    assert!(!said.contains("Building"), "{said}");
}
