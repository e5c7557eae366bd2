//! Google's Pub/Sub emulator: topics, and what is on them.

use std::path::{Path, PathBuf};
use std::process::Command;

use std::collections::HashSet;

use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::BenchError;
use crate::process::{Process, free_port};
use crate::rows::{Needs, PROJECT};

/// The most messages of one answer.
const AT_ONCE: u32 = 1_000;

pub(crate) struct Emulator {
    process: Process,
    client: Client,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pulled {
    #[serde(default)]
    received_messages: Vec<Received>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    ack_id: String,
    message: Message,
}

#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Message {
    data: String,
    #[serde(default)]
    attributes: std::collections::BTreeMap<String, String>,
}

impl Emulator {
    pub(crate) fn start(folder: &Path, client: Client) -> Result<Self, BenchError> {
        let port = free_port()?;
        let jar = jar().ok_or_else(|| {
            BenchError::NotStarted("the Pub/Sub emulator".to_owned(), "it is missing".to_owned())
        })?;
        let mut command = Command::new("java");
        command.args(["-Xmx2g", "-XX:+UseParallelGC", "-jar"]).arg(jar);
        command.args(["--host=127.0.0.1", &format!("--port={port}")]);
        Ok(Self { process: Process::start("emulator", &mut command, port, folder)?, client })
    }

    pub(crate) fn is_there() -> bool {
        jar().is_some() && Needs::Installed("java").missing(Path::new("")).is_none()
    }

    /// Where it listens, as `host:port`.
    pub(crate) fn host(&self) -> String {
        self.process.address.to_string()
    }

    /// Makes a topic, and a subscription that gets everything on it.
    pub(crate) async fn create(&self, topic: &str) -> Result<(), BenchError> {
        self.ask("PUT", &format!("topics/{topic}"), json!({})).await?;
        let of = json!({"topic": format!("projects/{PROJECT}/topics/{topic}"), "ackDeadlineSeconds": 600});
        self.ask("PUT", &format!("subscriptions/{topic}"), of).await.map(drop)
    }

    /// Takes everything from the topic and removes it; returns how many different messages there were.
    pub(crate) async fn drain(&self, topic: &str) -> Result<u64, BenchError> {
        let subscription = format!("subscriptions/{topic}");
        let mut all = HashSet::new();
        loop {
            let asked = json!({"maxMessages": AT_ONCE, "returnImmediately": true});
            let pulled = self.ask("POST", &format!("{subscription}:pull"), asked).await?;
            let pulled: Pulled = serde_json::from_value(pulled)?;
            if pulled.received_messages.is_empty() {
                break;
            }
            let ids: Vec<_> = pulled.received_messages.iter().map(|it| &it.ack_id).collect();
            let acknowledged = json!({"ackIds": ids});
            self.ask("POST", &format!("{subscription}:acknowledge"), acknowledged).await?;
            all.extend(pulled.received_messages.into_iter().map(|it| it.message));
        }
        self.ask("DELETE", &subscription, json!({})).await?;
        self.ask("DELETE", &format!("topics/{topic}"), json!({})).await?;
        Ok(all.len() as u64)
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Result<Value, BenchError> {
        let url = format!("http://{}/v1/projects/{PROJECT}/{path}", self.host());
        let method = method.parse().map_err(|_| BenchError::Answer(method.to_owned()))?;
        let answer = self.client.request(method, url).json(&body).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

fn jar() -> Option<PathBuf> {
    let root = match std::env::var_os("CLOUDSDK_ROOT_DIR") {
        Some(root) => PathBuf::from(root),
        None => {
            let path = std::env::var_os("PATH")?;
            let mut found = std::env::split_paths(&path).map(|folder| folder.join("gcloud"));
            let gcloud = found.find(|file| file.is_file())?.canonicalize().ok()?;
            gcloud.parent()?.parent()?.to_owned()
        }
    };
    let files = std::fs::read_dir(root.join("platform/pubsub-emulator/lib")).ok()?;
    files
        .flatten()
        .map(|file| file.path())
        .find(|file| file.extension().is_some_and(|it| it == "jar"))
}
