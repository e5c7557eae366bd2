//! Terraform itself, on a provider that keeps its resources in memory: what the first `apply` does, what the
//! next ones do, and what the documents say that one types. It needs Terraform 1.11, and no account.
//! `cargo test -p e2e --features terraform --test terraform`

mod folder;
mod provider;
mod schema;
mod state;
mod wire;

use regex::Regex;

use self::folder::{Folder, ROOT};

/// The variables without a default, and Terraform's answer to its own question.
const GIVEN: &str =
    "export TF_VAR_project_id=my-project TF_VAR_read_token=0123456789abcdef0123456789abcdef
t() { terraform -chdir=terraform \"$@\" -input=false; }
";
const APPLY: &str = "t apply -auto-approve";
/// The services, in the order of their names.
const SERVICES: [&str; 3] = ["spillway-gateway", "spillway-worker", "spillway-worker-text"];
/// The image that a service has before its first deployment.
const HELLO: &str = "us-docker.pkg.dev/cloudrun/container/hello";

/// A plan, and whether it changes anything.
async fn assert_no_changes(folder: &Folder) {
    let plan = folder.run(&format!("{GIVEN} t plan -detailed-exitcode")).await;
    assert_eq!(plan.status, Some(0), "{}", plan.text);
}

/// Terraform creates the services, and Cloud Build deploys to them.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_plan_has_no_changes_even_after_a_deployment() {
    let folder = Folder::new().await;
    let first = folder.run(&format!("{GIVEN} t init; {APPLY}")).await;
    assert_eq!(first.status, Some(0), "{}", first.text);
    assert!(folder.provider.count() > 40, "{} resources", folder.provider.count());
    assert_no_changes(&folder).await;
    let image = "europe-west1-docker.pkg.dev/my-project/spillway/gateway:1";
    assert_eq!(folder.provider.replace(HELLO, image), 3, "three services say hello");
    assert_eq!(folder.provider.deploy(), 3);
    assert_no_changes(&folder).await;
    // What no deployment changes is put right.
    assert!(folder.provider.replace("2678400s", "86400s") > 0);
    let plan = folder.run(&format!("{GIVEN} t plan -detailed-exitcode")).await;
    assert_eq!(plan.status, Some(2), "{}", plan.text);
}

/// Services whose first revision did not start are replaced: nothing protects them.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_apply_that_fails_is_finished_by_applying_again() {
    let (folder, services) = (Folder::new().await, SERVICES.map(str::to_owned));
    folder.provider.fail_once(&services);
    let first = folder.run(&format!("{GIVEN} t init; {APPLY}")).await;
    assert_eq!(first.status, Some(1), "{}", first.text);
    for service in &services {
        assert!(first.text.contains(&format!("{service}-00001 is not ready")), "{}", first.text);
    }
    let second = folder.run(&format!("{GIVEN} {APPLY}")).await;
    assert_eq!(second.status, Some(0), "{}", second.text);
    assert_eq!(folder.provider.deleted(), services.into());
    assert_no_changes(&folder).await;
}

/// The documents' commands for the life of a deployment, as they are printed: they are executed up to the
/// provider and to `gcloud`, which would leave this machine.
#[tokio::test(flavor = "multi_thread")]
async fn the_documented_commands_lead_from_an_empty_folder_to_a_url_and_back() {
    let folder = Folder::new().await;
    let (deploy, destroy) = (commands("## Deploy"), commands("## Destroy"));
    let gcloud = "gcloud() { echo \"gcloud was told: $*\"; }; export -f gcloud\n";
    let printed = folder.run(&format!("{gcloud}{}", answering_yes(&deploy))).await;
    assert_eq!(printed.status, Some(0), "{}", printed.text);
    let told = "gcloud was told: builds submit --project my-project --gcs-source-staging-dir \
                gs://my-project-spillway-source/source --substitutions _REGION=europe-west1,";
    assert!(printed.text.contains(told), "{}", printed.text);
    assert!(printed.text.contains("_READ_TOKEN_SECRET=spillway-read-token,_TESTS=off\n"));
    assert!(printed.text.ends_with("\nhttps://spillway-gateway.example\n"), "{}", printed.text);
    let state = std::fs::read_to_string(folder.path().join("terraform/terraform.tfstate"));
    let token = Regex::new(r#""[0-9a-f]{64}""#).expect("a pattern");
    assert!(!token.is_match(&state.expect("a state")), "the token is in the state");

    let given =
        "export TF_VAR_project_id=my-project TF_VAR_read_token=0123456789abcdef0123456789abcdef\n";
    let at_once = "terraform -chdir=terraform destroy";
    let printed = folder.run(&format!("{given}{}", answering_yes(at_once))).await;
    assert_eq!(printed.status, Some(1), "{}", printed.text);
    assert!(printed.text.contains("it is protected from deletion"), "{}", printed.text);
    let printed = folder.run(&format!("{given}{}", answering_yes(&destroy))).await;
    assert_eq!(printed.status, Some(0), "{}", printed.text);
    // The APIs stay enabled, though Terraform forgets them.
    assert_eq!(folder.provider.count(), 0);
}

/// The first block of commands below a heading of the page for operators.
fn commands(heading: &str) -> String {
    let page = std::fs::read_to_string(format!("{ROOT}/docs/OPERATIONS.md")).expect("the page");
    let section = page.split_once(&format!("\n{heading}\n")).expect("the heading").1;
    let block = section.split_once("\n```sh\n").expect("a block").1;
    block.split_once("\n```\n").expect("the end of a block").0.to_owned()
}

/// Terraform asks before it changes anything.
fn answering_yes(commands: &str) -> String {
    let asks = Regex::new(r"(?m)^(terraform -chdir=terraform (?:apply|destroy)\b.*)$");
    asks.expect("a pattern").replace_all(commands, "echo yes | $1").into_owned()
}
