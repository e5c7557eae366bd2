//! One deployment of each mode for all tests of a process that leave it as they found it; each
//! keeps to tenants of its own.

use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;

use super::either::Deployment;
use super::settings::Settings;

/// The embedded mode.
pub fn embedded() -> &'static Deployment {
    static SHARED: OnceLock<Deployment> = OnceLock::new();
    SHARED.get_or_init(|| on_a_thread_of_its_own(Deployment::embedded))
}

/// The shape of Google Cloud.
pub fn cloud() -> &'static Deployment {
    static SHARED: OnceLock<Deployment> = OnceLock::new();
    SHARED.get_or_init(|| on_a_thread_of_its_own(Deployment::cloud))
}

/// Tasks of a deployment must outlive the test that starts it: they run as long as the process.
fn on_a_thread_of_its_own(
    start: impl AsyncFnOnce(Settings) -> Deployment + Send + 'static,
) -> Deployment {
    let (started, deployment) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let deployment = start(vec![("WORK_SECONDS_PER_CHAR", "0.0001".to_owned())]).await;
            started.send(deployment).expect("somebody waits");
            std::future::pending::<()>().await;
        });
    });
    deployment.recv().expect("the deployment starts")
}
