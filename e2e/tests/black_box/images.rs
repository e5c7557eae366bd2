//! The Dockerfiles agree with each other, with the toolchain, and with the files that are compiled
//! in.

use std::path::{Path, PathBuf};

use regex::Regex;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The instructions of a Dockerfile: those that build, and those of the last stage.
fn stages(file: &str) -> (Vec<String>, Vec<String>) {
    let text = read(file);
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut building: Vec<String> = lines.map(str::to_owned).collect();
    let last = building.iter().rposition(|line| line.starts_with("FROM ")).expect("a stage");
    let running = building.split_off(last);
    (building, running)
}

/// Then the second image finds the build of the first in the cache.
#[test]
fn both_images_are_built_by_the_same_stages() {
    assert_eq!(stages("Dockerfile.gateway").0, stages("Dockerfile.worker").0);
}

#[test]
fn an_image_has_only_its_program_and_runs_it_unprivileged() {
    for program in ["gateway", "worker"] {
        let (_, running) = stages(&format!("Dockerfile.{program}"));
        let port = running.iter().find(|line| line.starts_with("EXPOSE ")).expect("a port");
        let wanted = [
            "FROM gcr.io/distroless/cc-debian13:nonroot".to_owned(),
            format!("COPY --from=builder /src/target/release/{program} /{program}"),
            "USER 65532:65532".to_owned(),
            port.clone(),
            format!("ENTRYPOINT [\"/{program}\"]"),
        ];
        assert_eq!(running, wanted);
    }
}

/// With another program, and with the folder of its volume.
#[test]
fn the_image_of_the_embedded_mode_is_built_as_the_others_are() {
    let (building, running) = stages("Dockerfile");
    let programs = "-p gateway -p worker --features gateway/gcp,worker/gcp";
    let others = stages("Dockerfile.gateway").0.into_iter();
    let others = others.map(|line| line.replace(programs, "-p standalone"));
    assert_eq!(building, others.chain(["WORKDIR /data".to_owned()]).collect::<Vec<_>>());
    let wanted = [
        "FROM gcr.io/distroless/cc-debian13:nonroot",
        "COPY --from=builder /src/target/release/spillway /spillway",
        "COPY --from=builder --chown=65532:65532 /data /data",
        "ENV HOST=0.0.0.0 DATA_DIR=/data",
        "USER 65532:65532",
        "VOLUME /data",
        "EXPOSE 8080",
        "ENTRYPOINT [\"/spillway\"]",
    ];
    assert_eq!(running, wanted);
}

/// Debian 13 is trixie: the images have the glibc that the programs are linked against.
#[test]
fn images_and_tests_are_built_with_the_pinned_toolchain() {
    let channel = Regex::new(r#"channel = "([^"]+)""#).expect("a regex");
    let toolchain = read("rust-toolchain.toml");
    let channel = &channel.captures(&toolchain).expect("a channel")[1];
    let (building, _) = stages("Dockerfile.gateway");
    assert_eq!(building[0], format!("FROM rust:{channel}-slim-trixie AS chef"));
    assert!(read("cloudbuild.yaml").contains(&format!("name: rust:{channel}-trixie\n")));
}

/// The layer of dependencies has the same arguments as the build of the programs.
#[test]
fn dependencies_are_built_once_and_locked() {
    let (building, _) = stages("Dockerfile.gateway");
    let command = |start: &str| building.iter().find_map(|line| line.strip_prefix(start));
    let cook = command("RUN cargo chef cook ").expect("a cook");
    assert_eq!(Some(cook), command("RUN cargo build "));
    assert_eq!(cook, "--locked --release -p gateway -p worker --features gateway/gcp,worker/gcp");
}

/// Every member of the workspace, because cargo needs to see each, and every file from elsewhere
/// that is compiled in.
#[test]
fn the_build_context_has_every_file_that_the_programs_need() {
    let ignored = read(".dockerignore");
    let kept: Vec<_> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert!(ignored.lines().any(|line| line == "*"), "everything else is ignored");
    let workspace = read("Cargo.toml");
    let members = Regex::new(r"members = \[([^\]]+)\]").expect("a regex");
    let members = members.captures(&workspace).expect("members")[1].replace(['"', ' '], "");
    for member in members.split(',') {
        let is_kept = kept.iter().any(|kept| Path::new(member).starts_with(kept));
        assert!(is_kept, "{member} is ignored");
    }
    let include = Regex::new(r#"include_(?:str|bytes)!\(\s*"([^"]+)""#).expect("a regex");
    let mut found = 0;
    let folders = ["common/src", "gateway/src", "load/src", "standalone/src", "worker/src"];
    for file in folders.into_iter().flat_map(sources) {
        let text = std::fs::read_to_string(&file).expect("a source");
        for included in include.captures_iter(&text) {
            let path = file.parent().expect("a folder").join(&included[1]);
            let path = path.canonicalize().unwrap_or_else(|error| panic!("{path:?}: {error}"));
            let root = root().canonicalize().expect("the root");
            let path = path.strip_prefix(root).expect("in the repository");
            assert!(kept.iter().any(|kept| path.starts_with(kept)), "{path:?} is ignored");
            found += 1;
        }
    }
    assert!(found > 1, "sources were not read");
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// Docker Hub limits pulls; Cloud Build's own daemon knows the mirror, BuildKit does not.
#[test]
fn images_from_docker_hub_come_through_googles_mirror() {
    let build = read("cloudbuild.yaml");
    let mirror =
        r#"printf '[registry."docker.io"]\nmirrors = ["mirror.gcr.io"]\n' >/tmp/buildkitd.toml"#;
    assert!(build.contains(mirror), "the mirror is not set");
    assert!(build.contains(" --config /tmp/buildkitd.toml "), "BuildKit is not told of it");
}

/// The clean-up policy deletes manifests without tags, which those of a list are.
#[test]
fn a_pushed_image_is_one_manifest() {
    let build = read("cloudbuild.yaml");
    let builds: Vec<_> =
        build.lines().filter(|line| line.contains("docker buildx build ")).collect();
    assert_eq!(builds.len(), 2);
    // The flag would say the same, but a Buildx before 0.10 does not have it.
    let says_no =
        builds.iter().all(|line| line.contains(" --push ") && !line.contains("provenance"));
    assert!(says_no, "{builds:?}");
    let (before, _) = build.split_once("docker buildx build ").expect("a build");
    assert!(before.contains("\n      export BUILDX_NO_DEFAULT_ATTESTATIONS=1\n"), "{before}");
    assert!(before.contains("\n      docker buildx version\n"), "{before}");
}

/// With a job for each of the 8 processors, a linker would have 1 GiB.
#[test]
fn the_tests_of_the_build_fit_its_machine() {
    let build = read("cloudbuild.yaml");
    assert!(build.contains("\n  machineType: E2_HIGHCPU_8\n"), "another machine, other numbers");
    let (before, _) = build.split_once("cargo test ").expect("the tests");
    for setting in ["CARGO_BUILD_JOBS", "RUST_TEST_THREADS"] {
        let number = Regex::new(&format!(r"\n +export [^\n]*\b{setting}=(\d+)")).expect("a regex");
        let number = number.captures(before).unwrap_or_else(|| panic!("{setting} is not set"));
        assert!(number[1].parse::<u32>().expect("a number") <= 4, "{setting}={}", &number[1]);
    }
}

/// Terraform names the containers, and may put a second one beside each.
#[test]
fn an_image_is_deployed_to_the_container_of_its_program() {
    let build = read("cloudbuild.yaml");
    for program in ["gateway", "worker"] {
        let name = format!("name  = \"{program}\"\n      image = var.{program}_image");
        assert!(read(&format!("terraform/{program}.tf")).contains(&name), "{program}'s container");
        let deploy = Regex::new(&format!(r"--container {program} --image \S+/{program}:"));
        assert!(deploy.expect("a regex").is_match(&build), "{program}'s deployment");
    }
}

/// A first deployment need not wait for them.
#[test]
fn a_substitution_skips_the_tests() {
    let build = read("cloudbuild.yaml");
    let (before, _) = build.split_once("cargo test ").expect("the tests");
    assert!(before.contains("[[ $_TESTS == on ]] || exit 0\n"));
}

#[test]
fn the_build_installs_what_the_readme_says_that_tests_need() {
    let (readme, build) = (read("README.md"), read("cloudbuild.yaml"));
    let installs = Regex::new(r"`apt-get install ([^`]+)`").expect("a regex");
    let named = installs.captures_iter(&readme).map(|found| found[1].to_owned());
    let named = named.collect::<Vec<_>>().join(" ");
    assert!(named.contains("emulator"), "the README was not read");
    for package in named.split_whitespace() {
        assert!(build.split_whitespace().any(|word| word == package), "{package} is missing");
    }
}

/// A new gateway may write messages that only the new worker understands.
#[test]
fn the_worker_is_deployed_before_the_gateway_and_both_after_the_tests() {
    let build = read("cloudbuild.yaml");
    let steps: Vec<_> = build.lines().filter_map(|line| line.strip_prefix("  - id: ")).collect();
    assert_eq!(steps, ["test", "images", "deploy-worker", "deploy-gateway", "smoke-test"]);
    assert!(!build.contains("waitFor"), "without it, each step waits for the one before");
}
