//! The options of `spillway import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use common::tenant::{TenantError, TenantId};
use reqwest::Url;

use crate::http;

/// Import the events that another web analytics product exported into a running server.
///
/// It imports views with their page, title, referrer and campaign, events by their name, the
/// visitors that the product told apart, and the times. It leaves out browsers, systems, languages
/// and countries, because the server takes them only from browsers' requests.
///
/// An event keeps its id, or gets one derived from its row. So each counts once, even if the file
/// is imported again, or a later export has the same events.
///
/// Exit code 0: every event was answered 202. 1: some were not, or the file cannot be read. 2: an option
/// is not valid, or the file is not such an export.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// Where the export comes from
    #[arg(value_name = "PRODUCT", value_enum)]
    pub(super) product: Product,

    /// The file: website_event.csv from Umami's export, or GoatCounter's export; may be gzipped
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,

    /// The site that the events are for
    #[arg(long, value_name = "TENANT", value_parser = site)]
    pub(super) site: TenantId,

    /// The base URL of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = http::target)]
    pub(super) target: Url,
}

/// A web analytics product whose exports can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Product {
    Umami,
    Goatcounter,
}

fn site(text: &str) -> Result<TenantId, TenantError> {
    TenantId::parse(text)
}
