//! `spillway site`: shows and changes the settings of a site on a running server.

mod args;

use std::io::{self, Write as _};
use std::process::ExitCode;

use common::program;
use common::record::RecordId;
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value};
use thiserror::Error;

pub(crate) use self::args::SiteArgs;
use self::args::{SetArgs, ShareArgs, Site, SiteCommand};
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

/// The setting that holds the token of a shared dashboard.
const TOKEN: &str = "dashboard_token";

/// Does what the command says, prints all settings of the site or the link to its dashboard, and returns
/// the exit code that the command's help promises.
pub(crate) async fn run(args: SiteArgs) -> ExitCode {
    let result = match &args.command {
        SiteCommand::Show(site) => show(site).await.map(in_json),
        SiteCommand::Set(args) => set(args).await.map(in_json),
        SiteCommand::Share(args) => share(args).await,
    };
    let is_usage = matches!(result, Err(SiteError::NothingToSet));
    let code = program::ended(result.and_then(|text| print(&text)));
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
    let mut changed = show(&args.site).await?;
    changed.extend(changes);
    put(&args.site, &changed).await
}

/// Shares the dashboard, or ends that, and returns the link to it, or the settings.
async fn share(args: &ShareArgs) -> Result<String, SiteError> {
    let mut settings = show(&args.site).await?;
    if args.stop {
        settings.remove(TOKEN);
        return Ok(in_json(put(&args.site, &settings).await?));
    }
    let known = settings.get(TOKEN).and_then(Value::as_str).filter(|_| !args.renew);
    let token = known.map_or_else(|| RecordId::random().to_string(), str::to_owned);
    settings.insert(TOKEN.to_owned(), token.clone().into());
    put(&args.site, &settings).await?;
    let base = Server::of(&args.site.server)?.base().to_owned();
    Ok(format!("{base}/dashboard?tenant={}#token={token}", args.site.tenant))
}

/// Puts these settings in place of those before.
async fn put(site: &Site, changed: &Settings) -> Result<Settings, SiteError> {
    let server = Server::of(&site.server)?;
    settings(&server, server.request(Method::PUT, &path(site))?.json(changed)).await
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

fn in_json(settings: Settings) -> String {
    format!("{:#}", Value::Object(settings))
}

fn print(text: &str) -> Result<(), SiteError> {
    writeln!(io::stdout(), "{text}").map_err(SiteError::Stdout)
}
