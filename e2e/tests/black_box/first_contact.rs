//! A program that reaches no service of Google's says why in its log, once, in Google's words.

use std::time::Duration;

use e2e::api::eventually;
use e2e::binaries::Binaries;
use e2e::service::Service;

/// A project without emulators, on a machine that knows no account.
fn nowhere() -> [(&'static str, String); 6] {
    [
        ("GOOGLE_CLOUD_PROJECT", "no-such-project".to_owned()),
        ("GCE_METADATA_HOST", "127.0.0.1:1".to_owned()),
        ("HOME", "/nonexistent".to_owned()),
        ("PUSH_AUTH", "cloud-run-iam".to_owned()),
        ("PUSH_AUDIENCE", "push".to_owned()),
        ("PUSH_SERVICE_ACCOUNT", "push@example.com".to_owned()),
    ]
}

/// The lines that say that a service cannot be used.
fn said(log: &str, service: &str) -> Vec<String> {
    let about = |line: &&str| line.contains("cannot be used") && line.contains(service);
    log.lines().filter(about).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_program_that_reaches_no_service_says_why_once() {
    for (program, services) in
        [("gateway", &["Pub/Sub", "Firestore"][..]), ("worker", &["Firestore"])]
    {
        let path = Binaries::shared().await.path(program);
        let service = Service::start(path, &nowhere()).await.expect("it starts all the same");
        for name in services {
            let log = service.log();
            let line = async || said(&log.text(), name).pop();
            let line = eventually("it says why", line).await;
            let (_, why) = line.split_once("cannot be reached").expect("a reason");
            assert!(why.len() > 40, "{program} says no more than that: {line}");
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        for name in services {
            assert_eq!(
                said(&service.log().text(), name).len(),
                1,
                "{program} tries again in silence"
            );
        }
    }
}
