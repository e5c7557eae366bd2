//! `spillway simulate` on a deployment that runs already.

use e2e::binaries::Binaries;
use e2e::deployment::{Deployment, Settings};
use tokio::process::Command;

e2e::in_both_modes!(
    quick;
    a_deployment_is_not_killed_and_every_window_of_it_is_right,
);

/// The emulator takes a third of a millisecond for each document of a commit, so little is sent.
fn quick() -> Settings {
    vec![("COMMIT_INTERVAL_MS", "50".to_owned())]
}

/// Twice: the customers of each run are new.
async fn a_deployment_is_not_killed_and_every_window_of_it_is_right(deployment: Deployment) {
    for _ in 0..2 {
        let output = Command::new(Binaries::shared().await.path("spillway"))
            .args([
                "simulate",
                "--seed",
                "1",
                "--customers",
                "2",
                "--batches",
                "12",
                "--duration",
                "2s",
            ])
            .args(["--timeout", "4m", "--target", &deployment.url()])
            .kill_on_drop(true)
            .output()
            .await
            .expect("spillway runs");
        let report = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{report}{output:?}");
        assert!(report.contains("killed      nothing: "), "{report}");
        assert!(report.contains("All is well: "), "{report}");
    }
}
