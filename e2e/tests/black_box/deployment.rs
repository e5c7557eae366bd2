//! Terraform declares what the programs read and serve.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use e2e::api::Api;
use e2e::binaries::Binaries;
use e2e::deployment::Deployment;
use e2e::emulators::{Emulators, project};
use e2e::service::Service;
use e2e::terraform::{DeclaredService, Terraform};
use regex::Regex;
use reqwest::{Method, StatusCode};
use tokio::process::Command;

const PROGRAMS: [&str; 2] = ["gateway", "worker"];

/// A read token, and every variable that has no default: so every setting is set.
const GIVEN: [(&str, &str); 2] = [("project_id", "a-project"), ("read_token", "a token")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn terraform(more: &[(&str, &str)]) -> Terraform {
    let given = [&GIVEN, more].concat();
    Terraform::read(&root().join("terraform"), &given).expect("Terraform's files")
}

fn declared(program: &str) -> DeclaredService {
    terraform(&[]).services(program).pop().expect("the service")
}

/// A program's settings with their defaults, as its `--help` lists them.
struct Settings {
    defaults: BTreeMap<String, Option<String>>,
    /// The settings that it needs to start.
    needed: BTreeSet<String>,
}

async fn help(program: &str) -> String {
    let path = Binaries::shared().await.path(program);
    let help = Command::new(path).arg("--help").env_clear().output().await.expect("it runs");
    String::from_utf8(help.stdout).expect("text")
}

impl Settings {
    async fn of(program: &str) -> Self {
        let help = help(program).await;
        let setting =
            Regex::new(r"\[env: (\w+)=?\](?:\s*\[default: ([^\]]*)\])?").expect("a regex");
        let defaults = setting.captures_iter(&help).map(|found| {
            (found[1].to_owned(), found.get(2).map(|default| default.as_str().to_owned()))
        });
        let usage = help.lines().find(|line| line.starts_with("Usage:")).expect("a line");
        let value = Regex::new(r"<(\w+)>").expect("a regex");
        let needed = value.captures_iter(usage).map(|found| found[1].to_owned()).collect();
        Self { defaults: defaults.collect(), needed }
    }
}

#[tokio::test]
async fn terraform_sets_only_settings_that_exist_and_all_that_are_needed() {
    for program in PROGRAMS {
        let (settings, service) = (Settings::of(program).await, declared(program));
        assert!(settings.defaults.len() > 8, "{program}: the help was not read");
        for name in service.environment.keys() {
            assert!(settings.defaults.contains_key(name), "{program} reads no {name}");
        }
        for name in &settings.needed {
            assert!(service.environment.contains_key(name), "{program} needs {name}");
        }
    }
}

#[tokio::test]
async fn the_dimensions_are_the_same_in_terraform_and_in_the_programs() {
    for (service, setting) in [("worker", "LOG_DIMENSIONS"), ("gateway", "SITE_DIMENSIONS")] {
        let declared = declared(service).environment[setting].clone();
        for program in [service, "spillway"] {
            let default = Settings::of(program).await.defaults[setting].clone();
            // The help breaks a long line.
            let default = default.map(|default| default.replace(char::is_whitespace, ""));
            assert_eq!(default.as_deref(), Some(declared.as_str()), "{program}");
            for name in declared.split(',').chain(["none"]) {
                assert!(takes(program, setting, name).await, "{program}: {name}");
            }
            for name in ["countries", "all", "status,"] {
                assert!(!takes(program, setting, name).await, "{program}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn variables_named_after_settings_set_them() {
    let changes = [
        ("gateway", "MAX_INGEST_BYTES", "1234"),
        ("gateway", "LOG_REQUESTS", "errors"),
        ("gateway", "MAX_LOGS_BYTES", "1234"),
        ("gateway", "MAX_EVENT_VALUES", "1234"),
        ("gateway", "MAX_LOG_VALUES", "1234"),
        ("gateway", "MAX_BODIES_BYTES", "200000000"),
        ("gateway", "MAX_BODY_SECONDS", "77"),
        ("gateway", "STORE_ORIGINAL", "false"),
        ("worker", "WORK_SECONDS_PER_CHAR", "0.01"),
        ("worker", "STORE_ORIGINAL", "false"),
        ("worker", "ROLLUP_SHARDS", "7"),
        ("gateway", "SITE_DIMENSIONS", "source,event"),
        ("worker", "LOG_DIMENSIONS", "status,bytes"),
        ("worker", "COMMIT_INTERVAL_MS", "777"),
        ("worker", "RETENTION_DAYS", "77"),
    ];
    for (program, setting, value) in changes {
        let changed = terraform(&[(setting.to_lowercase().as_str(), value)]).services(program);
        let changed = changed.into_iter().next().expect("a service");
        assert_eq!(changed.environment.get(setting).map(String::as_str), Some(value));
        let (_service, api) = deployed(program, &changed).await;
        assert_eq!(api.get("/health").await.status, StatusCode::OK, "{program} takes {setting}");
    }
}

/// Whether the program takes the value. Starts no server: settings are read in the order of the
/// help, and the last one has a value that no program takes.
async fn takes(program: &str, setting: &str, value: &str) -> bool {
    let mut command = Command::new(Binaries::shared().await.path(program));
    let output = command.env_clear().env(setting, value).env("LOG_FORMAT", "neither").output();
    let error = String::from_utf8(output.await.expect("it runs").stderr).expect("text");
    let refused = Regex::new(r"for '--([a-z-]+)").expect("a regex").captures(&error);
    let refused = refused.unwrap_or_else(|| panic!("{program} with {setting}={value}: {error}"));
    match refused[1].to_uppercase().replace('-', "_") {
        name if name == "LOG_FORMAT" => true,
        name => {
            assert_eq!(name, setting, "{program}: {error}");
            false
        }
    }
}

/// At each limit that Terraform names and on both sides of it, for whole and for other numbers.
#[tokio::test]
async fn numbers_have_the_same_bounds_in_terraform_and_in_the_programs() {
    let terraform = terraform(&[]);
    let mut compared = BTreeSet::new();
    for program in ["gateway", "worker", "spillway"] {
        let settings = Settings::of(program).await.defaults;
        for variable in terraform.numbers() {
            let setting = variable.to_uppercase();
            if !settings.contains_key(&setting) {
                continue;
            }
            let limits = terraform.limits(variable);
            assert!(limits.len() > 1, "{variable} has no bounds in Terraform");
            for limit in limits {
                for number in [-1.0, -0.001, 0.0, 0.001, 1.0].map(|step| limit + step) {
                    assert_eq!(
                        terraform.accepts(variable, number),
                        Some(takes(program, &setting, &number.to_string()).await),
                        "{setting}={number}: Terraform, and {program}"
                    );
                }
            }
            compared.insert(setting);
        }
    }
    for setting in
        ["COMMIT_INTERVAL_MS", "MAX_INGEST_BYTES", "MAX_LOGS_BYTES", "WORK_SECONDS_PER_CHAR"]
    {
        assert!(compared.contains(setting), "{setting} is not compared");
    }
}

#[tokio::test]
async fn ports_are_the_same_everywhere() {
    for program in PROGRAMS {
        let settings = Settings::of(program).await;
        let file = root().join(format!("Dockerfile.{program}"));
        let dockerfile = std::fs::read_to_string(file).expect("the Dockerfile");
        let exposed = dockerfile.lines().find_map(|line| line.strip_prefix("EXPOSE "));
        let port = declared(program).port.to_string();
        assert_eq!(exposed, Some(port.as_str()), "{program}'s image and Terraform");
        assert_eq!(
            settings.defaults["PORT"].as_deref(),
            Some(port.as_str()),
            "{program}'s default"
        );
    }
}

/// Runs the program as Cloud Run does: with Terraform's settings and `PORT` only.
async fn deployed(program: &str, service: &DeclaredService) -> (Service, Api) {
    let mut command = Command::new(Binaries::shared().await.path(program));
    command.env_clear().envs(&service.environment).env("PORT", "0");
    let running = Service::run(command).await;
    let running = running.unwrap_or_else(|error| panic!("{error}"));
    let api = Api::new(running.url());
    (running, api)
}

#[tokio::test]
async fn the_programs_start_with_what_terraform_sets_and_answer_their_probes() {
    for program in PROGRAMS {
        let service = declared(program);
        let (_service, api) = deployed(program, &service).await;
        assert_eq!(service.probes.len(), 2, "{program}: a startup and a liveness probe");
        for probe in &service.probes {
            assert_eq!(api.get(probe).await.status, StatusCode::OK, "{program}: {probe}");
        }
    }
}

#[tokio::test]
async fn the_worker_serves_every_push_endpoint() {
    let paths = terraform(&[]).push_paths();
    assert_eq!(
        paths.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        ["/dead-letter", "/push"].into()
    );
    let (_service, api) = deployed("worker", &declared("worker")).await;
    let push = async |path: &str| {
        let request = api.request(Method::POST, path).json(&serde_json::json!({}));
        e2e::api::answer(request).await.status
    };
    assert_eq!(push("/nowhere").await, StatusCode::NOT_FOUND);
    for path in &paths {
        // The push has no token.
        assert_eq!(push(path).await, StatusCode::UNAUTHORIZED, "{path}");
    }
}

/// Google refuses what belongs to an API that is not enabled yet.
#[test]
fn every_resource_waits_for_the_apis() {
    let references = terraform(&[]).references();
    let mut waiting: BTreeSet<&str> = ["google_project_service.this"].into();
    loop {
        let waits = |names: &BTreeSet<String>| names.iter().any(|name| waiting.contains(&**name));
        let more = references.iter().filter(|(_, names)| waits(names));
        let more: BTreeSet<_> = more.map(|(name, _)| name.as_str()).collect();
        if more.is_subset(&waiting) {
            break;
        }
        waiting.extend(more);
    }
    // The APIs themselves, and the project's number, which must not wait for all of them.
    let others = [
        "google_project_service.this",
        "google_project_service.resource_manager",
        "google_project.this",
    ];
    let resources = references.keys().filter(|name| name.starts_with("google_"));
    let resources: Vec<_> = resources.filter(|name| !others.contains(&name.as_str())).collect();
    assert!(resources.len() > 30, "{resources:?}");
    for name in resources {
        assert!(waiting.contains(&**name), "{name} does not wait for the APIs");
    }
}

/// What the tables of costs say of the defaults.
#[tokio::test]
async fn costs_are_computed_with_terraforms_defaults() {
    let read = |file: &str| std::fs::read_to_string(root().join(file)).expect("a file");
    let (costs, terraform) = (read("docs/cost.py"), terraform(&[]));
    let of = |variable: &str| {
        let value = terraform.value(&format!("var.{variable}"));
        value.unwrap_or_else(|| panic!("no {variable}")).to_string().replace(['"', 'G', 'i'], "")
    };
    // The default differs from store to store, so the help has it in words of its own.
    let interval =
        Regex::new(r"COMMIT_INTERVAL_MS>[^\[]*\[default: (\d+) on Firestore").expect("a regex");
    let help = help("worker").await;
    let interval = &interval.captures(&help).expect("a default")[1];
    let interval: u32 = interval.parse().expect("a number");
    let alerts = Regex::new(r"(?m)^      title     = ").expect("a regex");
    let alerts = alerts.find_iter(&read("terraform/monitoring.tf")).count();
    let most = ["gateway", "worker_text", "worker_rest"]
        .map(|of_each| of(&format!("{of_each}_max_instances")));
    for program in PROGRAMS {
        let size = [format!("{program}_cpu"), format!("{program}_memory")].map(|size| of(&size));
        assert_line(&costs, &format!("INSTANCE_CPU, INSTANCE_GIB = {}", size.join(", ")));
    }
    let concurrency = PROGRAMS.map(|program| of(&format!("{program}_concurrency")));
    let wanted = [
        format!("SECONDS_PER_CHARACTER = {}", of("work_seconds_per_char")),
        format!("GATEWAY_CONCURRENCY, WORKER_CONCURRENCY = {}", concurrency.join(", ")),
        format!("MOST_INSTANCES = {}", most.join(" + ")),
        format!("TOPIC_DAYS = {}", of("replay_days")),
        format!("CONDITIONS = {alerts}"),
        format!("COMMITS_PER_SECOND = {}", 1_000 / interval),
    ];
    wanted.iter().for_each(|line| assert_line(&costs, line));
    assert!(read("terraform/archive.tf").contains(r#"max_duration = "300s""#), "FILES");
    assert_line(&costs, "FILES = 30 * 86_400 // 300");
}

/// Whether a line is so, up to its comment.
fn assert_line(text: &str, wanted: &str) {
    let without_comment = |line: &str| line.split("  #").next().unwrap_or_default().to_owned();
    assert!(text.lines().map(without_comment).any(|line| line == wanted), "not so: {wanted}");
}

/// Both take any kind: the filters of the subscriptions alone decide what comes to which.
#[test]
fn the_two_workers_differ_in_their_name_alone() {
    let workers = terraform(&[]).services("worker");
    let names: Vec<_> = workers.iter().map(|worker| worker.name.as_str()).collect();
    assert_eq!(names, ["spillway-worker-text", "spillway-worker"]);
    assert_eq!(workers[0].environment, workers[1].environment);
    assert_eq!((workers[0].port, &workers[0].probes), (workers[1].port, &workers[1].probes));
}

/// The collector has no token.
#[tokio::test]
async fn metrics_are_where_the_collector_looks() {
    let monitoring = std::fs::read_to_string(root().join("terraform/monitoring.tf"));
    let endpoint = r#"endpoints    = [{ port = local.ports[each.key], path = "/metrics""#;
    assert!(monitoring.expect("a file").contains(endpoint), "the collector reads another path");
    let (_service, api) = deployed("worker", &declared("worker")).await;
    assert_eq!(api.get("/metrics").await.status, StatusCode::OK);
}

/// The defaults of the build equal Terraform's, so neither command needs arguments.
#[test]
fn the_build_deploys_to_what_terraform_creates() {
    let build = std::fs::read_to_string(root().join("cloudbuild.yaml")).expect("a file");
    let declared = Regex::new(r#"(?m)^  (_[A-Z_]+): *"?([^"\s]*)"#).expect("a regex");
    let mut declared: BTreeMap<_, _> = declared
        .captures_iter(&build)
        .map(|found| (found[1].to_owned(), found[2].to_owned()))
        .collect();
    let made = [
        ("_REGION", "var.region"),
        ("_REPOSITORY", "google_artifact_registry_repository.images.repository_id"),
        ("_GATEWAY_SERVICE", "google_cloud_run_v2_service.gateway.name"),
        ("_WORKER_SERVICE", "google_cloud_run_v2_service.worker[\"rest\"].name"),
        ("_TEXT_WORKER_SERVICE", "google_cloud_run_v2_service.worker[\"text\"].name"),
        ("_BUILD_ACCOUNT", "google_service_account.build.account_id"),
        ("_READ_TOKEN_SECRET", "google_secret_manager_secret.read_token.secret_id"),
    ];
    let terraform = terraform(&[]);
    let made = made.map(|(name, expression)| {
        (name.to_owned(), terraform.text(expression).unwrap_or_else(|| panic!("no {expression}")))
    });
    let names: BTreeSet<_> = declared.keys().cloned().collect();
    // The one that Terraform does not know.
    assert_eq!(declared.remove("_TESTS").as_deref(), Some("on"), "a build runs the tests");
    assert_eq!(declared, made.into());
    let used = Regex::new(r"\$\{?(_[A-Z_]+)").expect("a regex");
    let used: BTreeSet<_> = used.captures_iter(&build).map(|found| found[1].to_owned()).collect();
    assert_eq!(used, names, "each substitution is declared and used");
}

/// Runs the last step of the build on `url`.
async fn smoke(url: &str, settings: &[(&str, &str)]) -> std::process::Output {
    let mut smoke = Command::new("bash");
    smoke.arg(root().join(".ci/smoke")).arg(url).envs(settings.iter().copied());
    smoke.output().await.expect("it runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_passes_if_a_record_is_stored() {
    let deployment = Deployment::cloud(vec![("READ_TOKEN", "open sesame".to_owned())]).await;
    let read_back = smoke(&deployment.url(), &[("READ_TOKEN", "open sesame")]).await;
    let said = String::from_utf8_lossy(&read_back.stderr).into_owned();
    assert!(read_back.status.success() && said.contains("the worker has stored it"), "{said}");
    assert!(said.ends_with("ok: the counts can be read\n"), "{said}");
}

/// It neither succeeds nor blames the worker.
#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_fails_if_it_may_not_read_back() {
    let deployment = Deployment::cloud(vec![("READ_TOKEN", "open sesame".to_owned())]).await;
    let none: &[(&str, &str)] = &[];
    for settings in [none, &[("READ_TOKEN", "another")]] {
        let sent = smoke(&deployment.url(), settings).await;
        let said = String::from_utf8_lossy(&sent.stderr).into_owned();
        assert!(!sent.status.success() && said.contains("failed: not read back"), "{said}");
        assert!(!said.contains("logs read"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smoke_test_fails_without_a_worker() {
    let emulators = Emulators::shared().await;
    let project = project();
    let admin = e2e::pubsub_admin::PubsubAdmin::connect(emulators.pubsub_host(), &project).await;
    admin.expect("a client").create_topic("spillway").await.expect("a topic");
    let settings = [
        ("GOOGLE_CLOUD_PROJECT", project),
        ("PUBSUB_EMULATOR_HOST", emulators.pubsub_host().to_owned()),
        ("FIRESTORE_EMULATOR_HOST", emulators.firestore_host().to_owned()),
    ];
    let gateway = Service::start(Binaries::shared().await.path("gateway"), &settings).await;
    // Open reads need no token, whatever `read_token` says of them.
    let settings = [
        ("SMOKE_SECONDS", "2"),
        ("READ_TOKEN", "open"),
        ("TEXT_WORKER_SERVICE", "other-worker-text"),
    ];
    let failed = smoke(&gateway.expect("it starts").url(), &settings).await;
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(
        !failed.status.success() && said.contains("failed: the worker has stored it"),
        "{said}"
    );
    assert!(said.contains("look at: gcloud run services logs read other-worker-text;"), "{said}");
}
