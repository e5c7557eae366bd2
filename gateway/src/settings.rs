//! The gateway's settings: each has a default that works, and the same name as an option and as an
//! environment variable.

use clap::{ArgAction, Args};
use common::page::PageRules;
use common::site_dimension::SiteDimensions;
use common::tenant::TenantId;

use crate::header_list::HeaderList;
use crate::read_origins::ReadOrigins;
use crate::request_log::LogRequests;
use crate::served_pages::Pages;
use crate::tenant_list::TenantList;

/// What the gateway accepts, who may read, and what it serves to browsers.
#[derive(Args, Clone, Debug)]
pub struct GatewaySettings {
    /// The largest body of `POST /ingest`, in bytes after decompression; at most 16 MiB, so that a
    /// text has fewer than 10,000 parts.
    #[arg(long, env = "MAX_INGEST_BYTES", default_value_t = 4_194_304,
        value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    pub max_ingest_bytes: u32,

    /// The largest body of `POST /logs`, in bytes after decompression; at most 16 MiB.
    #[arg(long, env = "MAX_LOGS_BYTES", default_value_t = 10_485_760,
        value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    pub max_logs_bytes: u32,

    /// The most memory for all request bodies, and the data made from them, in bytes. A body may
    /// take as much as the others leave free. A body that finds no room waits for 5 s; then the
    /// answer is 503.
    #[arg(long, env = "MAX_BODIES_BYTES", default_value_t = 268_435_456,
        value_parser = clap::value_parser!(u64).range(134_217_728..=68_719_476_736))]
    pub max_bodies_bytes: u64,

    /// The longest time from a request's head to the last byte of its body, in seconds; then the answer
    /// is 408. The answer is also 408 if the body pauses for 5 s, or if after 10 s it has arrived
    /// at less than 32 KiB a second.
    #[arg(long, env = "MAX_BODY_SECONDS", default_value_t = 45,
        value_parser = clap::value_parser!(u32).range(1..=3_500))]
    pub max_body_seconds: u32,

    /// How many connections may be open. Further ones wait until one closes. The server closes a
    /// connection that sends no complete head within 10 s, that is idle for 75 s after an answer,
    /// or whose client reads nothing of an answer for 15 s.
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 16_384,
        value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    pub max_connections: u32,

    /// The names in `Host` that a server on a loopback address accepts, besides such addresses and
    /// names without a dot: a comma-separated list, or * for any. Needed behind a proxy on the same
    /// machine that passes `Host` on [default: none].
    #[arg(long, env = "ALLOWED_HOSTS", value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,

    /// The most texts, events and access-log entries a second that each tenant may send on average
    /// to one gateway; 0 is no limit. Ten seconds' worth may arrive at once; beyond that, the
    /// answer is 429.
    #[arg(long, env = "TENANT_RECORDS_PER_SECOND", default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=1_000_000_000))]
    pub tenant_records_per_second: u32,

    /// The same for bytes, after decompression and normalization.
    #[arg(long, env = "TENANT_BYTES_PER_SECOND", default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=1_000_000_000))]
    pub tenant_bytes_per_second: u32,

    /// The most documents a day that the records of each tenant may write, counted as if each came
    /// alone, to one gateway; 0 is no limit. A day's worth may be used at once, and refills evenly
    /// over the day; beyond that, the answer is 429.
    #[arg(long, env = "TENANT_WRITES_PER_DAY", default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=1_000_000_000))]
    pub tenant_writes_per_day: u32,

    /// The most pages of a site, and the most event types, that one gateway counts by name on a
    /// day. The rest is counted as `(other)`.
    #[arg(long, env = "MAX_EVENT_VALUES", default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_event_values: u32,

    /// The most paths, the most referers and the most hosts of a tenant's access logs that one
    /// gateway counts by name on a day. The rest is counted as `(other)`.
    #[arg(long, env = "MAX_LOG_VALUES", default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_log_values: u32,

    /// The token that every read except health checks must send as `Authorization: Bearer …`, without
    /// whitespace around it [default: anyone may read].
    #[arg(long, env = "READ_TOKEN", hide_env_values = true)]
    pub read_token: Option<String>,

    /// The origins of sites whose pages may read from here, in their visitors' browsers: a
    /// comma-separated list such as `https://stats.example.com`. Without a read token, such a page
    /// can read everything that its visitor's browser can reach.
    #[arg(long, env = "READ_ORIGINS", default_value = "")]
    pub read_origins: ReadOrigins,

    /// The operator's token, sent as `Authorization: Bearer …`, without whitespace around it: it reads
    /// everything, changes the settings of sites, and exports and deletes tenants [default: none; a server
    /// that listens on a loopback address lets clients on its own machine do so].
    #[arg(long, env = "ADMIN_TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,

    /// How many proxies in front of the gateway add a client's address to `X-Forwarded-For`: 1 on
    /// Cloud Run. With 0, a visitor's address is the connection's.
    #[arg(long, env = "TRUSTED_HOPS", default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(0..=10))]
    pub trusted_hops: u8,

    /// The headers in which the platform or a proxy gives the client's country, as two letters: a
    /// comma-separated list such as CF-IPCountry,X-AppEngine-Country. If nothing in front of the
    /// gateway sets a header, clients can make it up.
    #[arg(long, env = "COUNTRY_HEADERS", default_value = "")]
    pub country_headers: HeaderList,

    /// The dimensions in which events are counted, besides their type and path, as a
    /// comma-separated list, or none.
    #[arg(long, env = "SITE_DIMENSIONS", default_value_t = SiteDimensions::ALL)]
    pub site_dimensions: SiteDimensions,

    /// Whether personal data and secrets are redacted in the paths, referers and queries of access
    /// logs and events before they are counted and stored.
    #[arg(long, env = "REDACT_PATHS", default_value_t = true, action = ArgAction::Set)]
    pub redact_paths: bool,

    /// The tenants for whom `/a/` and `/a` are two pages: a comma-separated list, or * for all. For
    /// the others they are one.
    #[arg(long, env = "KEEP_TRAILING_SLASH", default_value = "")]
    pub keep_trailing_slash: TenantList,

    /// The tenants for whom `/a/index.html`, `/a/index.htm` and `/a/index.php` are the page `/a/`: a
    /// comma-separated list, or * for all.
    #[arg(long, env = "MERGE_INDEX_PAGES", default_value = "")]
    pub merge_index_pages: TenantList,

    /// The pages to serve to browsers: on, off, or a comma-separated list of tracker, demo,
    /// dashboard and docs.
    #[arg(long, env = "PAGES", default_value = "on")]
    pub pages: Pages,

    /// The requests that get a line in the log [default: all in the embedded mode; off in the
    /// deployed gateway, because Cloud Run logs requests itself].
    #[arg(long, env = "LOG_REQUESTS", value_enum)]
    pub log_requests: Option<LogRequests>,
}

impl GatewaySettings {
    /// Logs `which` requests if nothing is set.
    pub fn or_log_requests(self, which: LogRequests) -> Self {
        Self { log_requests: self.log_requests.or(Some(which)), ..self }
    }

    /// The requests that get a line in the log.
    pub(crate) fn log_requests(&self) -> LogRequests {
        self.log_requests.unwrap_or(LogRequests::Off)
    }

    /// Which spellings of a page count as one for this tenant.
    pub(crate) fn page_rules(&self, tenant: &TenantId) -> PageRules {
        PageRules {
            keep_slash: self.keep_trailing_slash.names(tenant),
            merge_index: self.merge_index_pages.names(tenant),
        }
    }

    /// The largest body of `POST /ingest`, in bytes after decompression.
    pub(crate) fn max_ingest_bytes(&self) -> usize {
        self.max_ingest_bytes as usize
    }

    /// The largest body of `POST /logs`, in bytes after decompression.
    pub(crate) fn max_logs_bytes(&self) -> usize {
        self.max_logs_bytes as usize
    }

    /// The token that reads need.
    pub(crate) fn read_token(&self) -> Option<&str> {
        self.read_token.as_deref().and_then(token)
    }

    /// The operator's token.
    pub(crate) fn admin_token(&self) -> Option<&str> {
        self.admin_token.as_deref().and_then(token)
    }
}

/// A token as it was set. A file that holds it may end with a line break. An empty one counts as not
/// set, because that is how scripts pass on a variable that is not set.
fn token(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|token| !token.is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Options {
        #[command(flatten)]
        settings: GatewaySettings,
    }

    /// The settings that these options give.
    pub(crate) fn settings(options: &[&str]) -> GatewaySettings {
        Options::parse_from([&["gateway"], options].concat()).settings
    }
}
