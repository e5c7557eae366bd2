//! What is compared: one description a row.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shape::Kind::{self, Events, Lines, Texts};

/// A program that takes records.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// What it does with a record before it answers.
    pub(crate) about: &'static str,
    pub(crate) takes: &'static [Kind],
    pub(crate) keeps: Keeps,
    /// What it cannot run without.
    pub(crate) needs: Needs,
    /// Starts it on the port of a place.
    pub(crate) command: fn(&Place) -> Command,
}

/// What a row cannot run without.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Needs {
    /// A program of this repository, built as the bench itself and beside it.
    Built(&'static str),
    /// A file that `bench/run` makes, from the repository's root.
    File(&'static str),
    /// A program on the path.
    Installed(&'static str),
}

/// Where its records are, and so how they are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// Nowhere.
    Nothing,
    /// On a topic of the Pub/Sub emulator.
    Topic,
    /// In Spillway's documents.
    Spillway,
    /// In tables of PostgreSQL.
    Tables,
    /// In its report; it reads a file instead of requests.
    Report,
}

/// What a program is told of where it runs.
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    /// The Pub/Sub emulator, as `host:port`, and the topic.
    pub(crate) emulator: String,
    pub(crate) topic: String,
    pub(crate) database: String,
}

pub(crate) const PROJECT: &str = "bench";
pub(crate) const NGINX: &str = "nginx";
pub(crate) const ACTIX: &str = "actix";
pub(crate) const GATEWAY: &str = "gateway";
pub(crate) const GATEWAY_LOGGING: &str = "gateway-logging";
pub(crate) const GATEWAY_PUBSUB: &str = "gateway-pubsub";
pub(crate) const NAIVE: &str = "naive-pubsub";
pub(crate) const FASTIFY: &str = "fastify-pubsub";
pub(crate) const FASTAPI: &str = "fastapi-pubsub";
pub(crate) const SPILLWAY: &str = "spillway";
pub(crate) const PREVIOUS: &str = "spillway-previous";
pub(crate) const POSTGRES: &str = "postgres-batched";
pub(crate) const POSTGRES_ONE: &str = "postgres-one-by-one";
pub(crate) const GOACCESS: &str = "goaccess";

pub(crate) const ROWS: [Row; 13] = [
    Row {
        name: NGINX,
        about: "nginx answers 202 and stores nothing",
        takes: &[Events],
        keeps: Keeps::Nothing,
        needs: Needs::Installed("nginx"),
        command: nginx,
    },
    Row {
        name: ACTIX,
        about: "actix-web reads the body, answers 202 and stores nothing",
        takes: &[Events],
        keeps: Keeps::Nothing,
        needs: Needs::Built("bench-actix"),
        command: |place| place.built("bench-actix"),
    },
    Row {
        name: GATEWAY,
        about: "Spillway's gateway, with a broker that does nothing",
        takes: &[Events],
        keeps: Keeps::Nothing,
        needs: Needs::Built("bench-gateway"),
        command: |place| with(place.built("bench-gateway"), "LOG_REQUESTS", "off"),
    },
    Row {
        name: GATEWAY_LOGGING,
        about: "the same with a log line for each request",
        takes: &[Events],
        keeps: Keeps::Nothing,
        needs: Needs::Built("bench-gateway"),
        command: |place| with(place.built("bench-gateway"), "LOG_REQUESTS", "all"),
    },
    Row {
        name: GATEWAY_PUBSUB,
        about: "Spillway's gateway, on the Pub/Sub emulator",
        takes: &[Events],
        keeps: Keeps::Topic,
        needs: Needs::Built("gateway"),
        command: |place| place.built("gateway"),
    },
    Row {
        name: NAIVE,
        about: "actix-web publishes with the defaults of Google's Rust client",
        takes: &[Events],
        keeps: Keeps::Topic,
        needs: Needs::Built("bench-naive"),
        command: |place| place.built("bench-naive"),
    },
    Row {
        name: FASTIFY,
        about: "Fastify publishes with the defaults of Google's Node.js client; one process a core",
        takes: &[Events],
        keeps: Keeps::Topic,
        needs: Needs::File("target/bench/fastify/node_modules"),
        command: fastify,
    },
    Row {
        name: FASTAPI,
        about: "FastAPI publishes with the defaults of Google's Python client; one process a core",
        takes: &[Events],
        keeps: Keeps::Topic,
        needs: Needs::File("target/bench/fastapi/bin/uvicorn"),
        command: fastapi,
    },
    Row {
        name: SPILLWAY,
        about: "Spillway embedded: on disk, then 202, then counted",
        takes: &[Events, Texts, Lines],
        keeps: Keeps::Spillway,
        needs: Needs::Built("spillway"),
        command: |place| place.built("spillway"),
    },
    Row {
        name: PREVIOUS,
        about: "its previous release",
        takes: &[Events, Texts, Lines],
        keeps: Keeps::Spillway,
        needs: Needs::File("target/bench/spillway-previous"),
        command: |place| place.run(place.root.join("target/bench/spillway-previous")),
    },
    Row {
        name: POSTGRES,
        about: "actix-web and PostgreSQL, up to 500 events a commit: counted, then 202",
        takes: &[Events],
        keeps: Keeps::Tables,
        needs: Needs::Built("bench-postgres"),
        command: |place| with(place.built("bench-postgres"), "BATCH", "500"),
    },
    Row {
        name: POSTGRES_ONE,
        about: "the same, one event a commit",
        takes: &[Events],
        keeps: Keeps::Tables,
        needs: Needs::Built("bench-postgres"),
        command: |place| with(place.built("bench-postgres"), "BATCH", "1"),
    },
    Row {
        name: GOACCESS,
        about: "GoAccess reads the lines from a file and keeps nothing but a report",
        takes: &[Lines],
        keeps: Keeps::Report,
        needs: Needs::Installed("goaccess"),
        command: |_| Command::new("goaccess"),
    },
];

impl Place {
    /// Runs a program that was built as this one.
    fn built(&self, program: &str) -> Command {
        self.run(beside(program))
    }

    /// Runs a program with the settings that it may need.
    fn run(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        self.tell(&mut command);
        command
    }

    fn tell(&self, command: &mut Command) {
        command
            .current_dir(&self.folder)
            .env("HOST", "127.0.0.1")
            .env("PORT", self.port.to_string())
            .env("DATA_DIR", self.folder.join("data"))
            .env("WORK_SECONDS_PER_CHAR", "0")
            .env("DATABASE_URL", &self.database)
            .env("GOOGLE_CLOUD_PROJECT", PROJECT)
            .env("PUBSUB_TOPIC", &self.topic)
            .env("PUBSUB_EMULATOR_HOST", &self.emulator)
            // The gateway reads nothing here.
            .env("FIRESTORE_EMULATOR_HOST", &self.emulator);
    }
}

fn with(mut command: Command, name: &str, value: &str) -> Command {
    command.env(name, value);
    command
}

fn nginx(place: &Place) -> Command {
    let config = include_str!("../rivals/nginx.conf")
        .replace("{folder}", &place.folder.display().to_string())
        .replace("{port}", &place.port.to_string());
    let file = place.folder.join("nginx.conf");
    // If it cannot be written, nginx says that it is missing.
    drop(std::fs::write(&file, config));
    let mut command = Command::new("nginx");
    command.arg("-c").arg(file).arg("-p").arg(&place.folder);
    command
}

fn fastify(place: &Place) -> Command {
    let mut command = Command::new("node");
    place.tell(&mut command);
    command.arg(place.root.join("target/bench/fastify/server.js"));
    command
}

fn fastapi(place: &Place) -> Command {
    let mut command = place.run(place.root.join("target/bench/fastapi/bin/uvicorn"));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    command
        .args(["server:app", "--no-access-log", "--log-level", "warning", "--app-dir"])
        .arg(place.root.join("bench/rivals/fastapi"))
        .args(["--port", &place.port.to_string(), "--workers", &cores.to_string()]);
    command
}

/// A program in the folder of this one.
fn beside(program: &str) -> PathBuf {
    std::env::current_exe().unwrap_or_default().with_file_name(program)
}

impl Needs {
    /// What is missing, if it is.
    pub(crate) fn missing(self, root: &Path) -> Option<&'static str> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let (name, is_there) = match self {
            Self::Built(name) => (name, beside(name).is_file()),
            Self::File(name) => (name, root.join(name).exists()),
            Self::Installed(name) => {
                (name, std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
            }
        };
        (!is_there).then_some(name)
    }
}
