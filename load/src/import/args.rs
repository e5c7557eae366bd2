//! The options of `spillway import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use common::tenant::{TenantError, TenantId};
use reqwest::Url;

use crate::http;

/// Import what another web analytics product exported into a running server.
///
/// Of Umami and GoatCounter it imports views with their page, title, referrer, campaign, browser, system,
/// device, language and country, events by their name, the visitors that the product told apart, and the
/// times.
///
/// Plausible exports sums of days. For each day, events are made that have the same sums: views, visitors,
/// pages, entry pages, browsers, systems, devices, countries, and other events by their name. Sources,
/// referrers and campaigns count visits, as they do afterwards: by the view with which a visit begins.
/// Visits, bounces and durations are kept as far as two visits of a visitor within an hour allow. All
/// views are between 10 and 11 o'clock in UTC. Unknown to the export, and therefore arbitrary, are the
/// hour of a view, the visitors of a single value, how long single visits were, and which values belong
/// together, that is, what a filter shows.
///
/// An event keeps its id, or gets one derived from its row, or from its day. So each counts once, even if
/// the file is imported again, or a later export has the same events. Of Plausible's exports, import only
/// one, taken after the move: on the day of the export the sums are not final.
///
/// Exit code 0: every event was answered 202. 1: some were not, or the file cannot be read. 2: an option
/// is not valid, or the file is not such an export.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// Where the export comes from
    #[arg(value_name = "PRODUCT", value_enum)]
    pub(super) product: Product,

    /// website_event.csv from Umami's export, or GoatCounter's export, either gzipped or not; Plausible's
    /// archive, its folder, or the files of it
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,

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
    Plausible,
    Umami,
    Goatcounter,
}

fn site(text: &str) -> Result<TenantId, TenantError> {
    TenantId::parse(text)
}
