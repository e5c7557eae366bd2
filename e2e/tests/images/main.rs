//! The images of both programs, built and started as Cloud Run starts them. It needs Buildah, mmdebstrap, and
//! root, for mounts: `cargo test -p e2e --features images --test images`

mod image;

use std::time::{Duration, Instant};

use e2e::binaries::Binaries;
use e2e::google::{Programs, Project, assert_passage};
use tokio::process::Command;

use self::image::{Image, Store, base};

/// Cloud Run kills a process so long after it has asked it to end.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How often the programs are frozen between requests, as instances without requests are.
const ROUNDS: usize = 3;
const START: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/images/start");

/// The command that starts the program of an image.
fn start(image: &Image) -> Command {
    let [program] = &image.entrypoint[..] else { panic!("{:?}", image.entrypoint) };
    let mut command = Command::new("/usr/bin/unshare");
    command.args(["--mount", START]).arg(&image.folder).args([&image.user, program]);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn records_pass_through_the_images() {
    let binaries = Binaries::shared().await;
    let store = Store::with_base(&base("gateway"));
    let images = ["gateway", "worker"].map(|name| (name, store.build(name, binaries.path(name))));
    for (name, image) in &images {
        assert_eq!(image.layers, 2, "{name} is one layer on its base");
        assert_eq!(image.user, "65532:65532", "{name}");
    }
    let [(_, gateway), (_, worker)] = &images;
    let project = Project::start().await.unwrap_or_else(|error| panic!("{error}"));
    let launch = |name: &str| start(if name == "gateway" { gateway } else { worker });
    let trusted = project.authority.file();
    let programs = Programs::start(launch, &project, &project.metadata, trusted).await;
    let programs = programs.unwrap_or_else(|error| panic!("{error}"));
    assert_passage(&programs, &project).await;
    for _ in 0..ROUNDS {
        for service in [&programs.gateway, &programs.worker] {
            service.freeze().await.expect("it stands still");
        }
        for service in [&programs.gateway, &programs.worker] {
            service.thaw().expect("it goes on");
        }
        assert_passage(&programs, &project).await;
    }
    for service in [programs.gateway, programs.worker] {
        let asked = Instant::now();
        let ended = service.terminate().await.expect("it ends");
        assert!(ended.success(), "{ended}");
        assert!(asked.elapsed() < STOP_LIMIT, "{:?}", asked.elapsed());
    }
}
