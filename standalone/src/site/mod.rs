//! `spillway site`: shows and changes the settings of a site on a running server.

mod args;

use std::io::{self, Write as _};
use std::process::ExitCode;

use common::program;
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value};
use thiserror::Error;

pub(crate) use self::args::SiteArgs;
use self::args::{SetArgs, Site, SiteCommand};
use crate::server::{Server, ServerError};

/// Settings by their names.
type Settings = Map<String, Value>;

/// Why the settings are not shown, or not changed.
#[derive(Debug, Error)]
enum SiteError {
    #[error("there is nothing to set; name a setting, such as --hosts")]
    NothingToSet,
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("the server did not answer with settings")]
    NoSettings(#[source] serde_json::Error),
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
}

/// Does what the command says, prints all settings of the site, and returns the exit code that the
/// command's help promises.
pub(crate) async fn run(args: SiteArgs) -> ExitCode {
    let result = match &args.command {
        SiteCommand::Show(site) => show(site).await,
        SiteCommand::Set(args) => set(args).await,
    };
    let is_usage = matches!(result, Err(SiteError::NothingToSet));
    let code = program::ended(result.and_then(print));
    if is_usage { ExitCode::from(2) } else { code }
}

async fn show(site: &Site) -> Result<Settings, SiteError> {
    let server = Server::of(&site.server)?;
    settings(&server, server.request(Method::GET, &path(site))?).await
}

/// Changes the named settings, and keeps the others.
async fn set(args: &SetArgs) -> Result<Settings, SiteError> {
    let changes = args.changes();
    if changes.is_empty() {
        return Err(SiteError::NothingToSet);
    }
    let server = Server::of(&args.site.server)?;
    let mut changed = show(&args.site).await?;
    changed.extend(changes);
    let request = server.request(Method::PUT, &path(&args.site))?.json(&changed);
    settings(&server, request).await
}

fn path(site: &Site) -> String {
    format!("/tenants/{}/settings", site.tenant)
}

/// The settings that the server answers with.
async fn settings(server: &Server, request: RequestBuilder) -> Result<Settings, SiteError> {
    let answer = server.answer(request).await?;
    let body = answer.bytes().await.map_err(|error| server.silent(&error))?;
    serde_json::from_slice(&body).map_err(SiteError::NoSettings)
}

fn print(settings: Settings) -> Result<(), SiteError> {
    let text = format!("{:#}\n", Value::Object(settings));
    io::stdout().write_all(text.as_bytes()).map_err(SiteError::Stdout)
}
