//! The settings of a site: which of its events count, and by what. They are a document of the tenant,
//! which the gateways read; what they decide stands on the event, so that whoever counts it again
//! counts the same.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::host::host_name;
use crate::page::{PageRules, counted_path};
use crate::path::CollectionPath;
use crate::site_dimension::{SiteDimension, SiteDimensions};
use crate::store::{Document, Write, fields};
use crate::tenant::TenantId;
use crate::time_zone::TimeZone;

/// The most items of a list.
pub const MAX_ITEMS: usize = 100;
/// The longest item of a list, in bytes.
pub const MAX_ITEM_BYTES: usize = 256;
/// The most that all settings of a site may take as JSON, in bytes: gateways keep them in memory.
pub const MAX_BYTES: usize = 16 << 10;
/// The field of the document that holds the settings as JSON: no query looks into them.
const SETTINGS: &str = "settings";
/// The names of all settings.
const NAMES: &str = "hosts, dimensions, query_parameters, keep_trailing_slash, merge_index_pages, \
    excluded_addresses, excluded_paths, time_zone, dashboard_token";
/// How long the token of a shared dashboard may be, in bytes.
const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 16..=128;

/// What the owner of a site decides. What is not set is as for all sites of the deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SiteSettings {
    /// The hosts whose pages count; those below them count too. If it is empty, all do.
    pub hosts: BTreeSet<String>,
    /// The dimensions by which events are counted, of those that the deployment counts.
    pub dimensions: Option<BTreeSet<SiteDimension>>,
    /// The parameters of a query that tell pages apart.
    pub query_parameters: BTreeSet<String>,
    /// Whether `/a/` and `/a` are two pages.
    pub keep_trailing_slash: Option<bool>,
    /// Whether `/a/index.html` is the page `/a/`.
    pub merge_index_pages: Option<bool>,
    /// The addresses and networks whose events do not count.
    #[serde(serialize_with = "as_texts")]
    pub excluded_addresses: BTreeSet<IpNet>,
    /// The pages that do not count; `*` stands for any text.
    pub excluded_paths: BTreeSet<String>,
    /// The zone by whose days events are counted; UTC if it is not set.
    pub time_zone: Option<TimeZone>,
    /// Whoever has it may read the statistics of the site, and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dashboard_token: Option<String>,
}

/// Something is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongSetting {
    /// The setting's name.
    pub name: String,
    /// What is wrong.
    pub fault: Fault,
    /// The same, in words.
    pub reason: String,
}

/// What may be wrong with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such setting.
    Unknown,
    /// Its value has another type.
    WrongType,
    /// Its value is not one that it may have.
    OutOfRange,
}

type Wrong = (Fault, String);

impl SiteSettings {
    /// Reads settings, or says all that is wrong with them. Null stands for a setting that is not set.
    pub fn parse(settings: Map<String, Value>) -> Result<Self, Vec<WrongSetting>> {
        let (mut read, mut wrong) = (Self::default(), Vec::new());
        for (name, value) in settings {
            if let Err((fault, reason)) = read.set(&name, &value) {
                wrong.push(WrongSetting { name, fault, reason });
            }
        }
        if wrong.is_empty() && read.to_json().len() > MAX_BYTES {
            let reason = format!("must take at most {MAX_BYTES} bytes together");
            let name = "settings".to_owned();
            wrong.push(WrongSetting { name, fault: Fault::OutOfRange, reason });
        }
        if wrong.is_empty() { Ok(read) } else { Err(wrong) }
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), Wrong> {
        let is_set = !value.is_null();
        match name {
            "hosts" => self.hosts = list(value, host)?,
            "dimensions" => self.dimensions = is_set.then(|| list(value, dimension)).transpose()?,
            "query_parameters" => self.query_parameters = list(value, parameter)?,
            "keep_trailing_slash" => {
                self.keep_trailing_slash = is_set.then(|| switch(value)).transpose()?;
            }
            "merge_index_pages" => {
                self.merge_index_pages = is_set.then(|| switch(value)).transpose()?;
            }
            "excluded_addresses" => self.excluded_addresses = list(value, network)?,
            "excluded_paths" => self.excluded_paths = list(value, path)?,
            "time_zone" => self.time_zone = is_set.then(|| zone(value)).transpose()?,
            "dashboard_token" => self.dashboard_token = is_set.then(|| token(value)).transpose()?,
            _ => {
                return Err((
                    Fault::Unknown,
                    format!("is not a setting; the settings are {NAMES}"),
                ));
            }
        }
        Ok(())
    }

    /// Whether pages of this host count.
    pub fn allows_host(&self, host: &str) -> bool {
        let has = |known: &String| {
            host.strip_suffix(known.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.hosts.is_empty() || self.hosts.iter().any(has)
    }

    /// Whether events from this address do not count.
    pub fn excludes_address(&self, address: IpAddr) -> bool {
        self.excluded_addresses.iter().any(|network| network.contains(&address))
    }

    /// Whether events on this page do not count. `rules` made the path a row, and make the excluded
    /// paths rows too, so that `/login/` excludes `/login` if they are one page.
    pub fn excludes_path(&self, path: &str, rules: PageRules) -> bool {
        self.excluded_paths.iter().any(|excluded| is_like(path, &rules.row(excluded)))
    }

    /// Whether events are counted by this dimension, if the deployment counts by it.
    pub fn counts_by(&self, dimension: SiteDimension) -> bool {
        self.dimensions.as_ref().is_none_or(|chosen| chosen.contains(&dimension))
    }

    /// A dimension that is chosen, and that the deployment does not count.
    pub fn not_counted(&self, counted: SiteDimensions) -> Option<SiteDimension> {
        let mut chosen = self.dimensions.iter().flatten().copied();
        chosen.find(|dimension| !counted.has(*dimension))
    }

    /// The zone whose days are those of the site.
    pub fn zone(&self) -> TimeZone {
        self.time_zone.unwrap_or_default()
    }

    /// The deployment's rules for pages, as far as the site has none of its own.
    pub fn page_rules(&self, rules: PageRules) -> PageRules {
        PageRules {
            keep_slash: self.keep_trailing_slash.unwrap_or(rules.keep_slash),
            merge_index: self.merge_index_pages.unwrap_or(rules.merge_index),
        }
    }

    /// The write that stores these settings in place of those before.
    pub fn write(&self, tenant: &TenantId) -> Write {
        let path = CollectionPath::site(tenant);
        Write::Upsert { path, fields: fields([(SETTINGS, self.to_json().into())]).into() }
    }

    /// The settings in a document. What a newer version has added is left out.
    pub fn stored(document: &Document) -> Self {
        let text = document.text(SETTINGS).unwrap_or("{}");
        let stored: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        let mut read = Self::default();
        for (name, value) in &stored {
            if let Err((_, reason)) = read.set(name, value) {
                tracing::warn!(name, reason, "a stored setting of a site has no effect");
            }
        }
        read
    }

    fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

fn as_texts<S: Serializer>(networks: &BTreeSet<IpNet>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(networks.iter().map(ToString::to_string))
}

/// Whether a text is like a pattern, in which `*` stands for any text. Each piece is searched for once,
/// from where the one before ends, so the time is that of a few searches.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return text == pattern };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = text.strip_prefix(start).and_then(|left| left.strip_suffix(end)) else {
        return false;
    };
    middle.split('*').all(|piece| match left.find(piece) {
        Some(at) => {
            left = &left[at + piece.len()..];
            true
        }
        None => false,
    })
}

/// The items of a list; none for null.
fn list<T: Ord>(
    value: &Value,
    item: impl Fn(&str) -> Result<T, String>,
) -> Result<BTreeSet<T>, Wrong> {
    let no_list = || (Fault::WrongType, "must be a list of strings".to_owned());
    if value.is_null() {
        return Ok(BTreeSet::new());
    }
    let items = value.as_array().ok_or_else(no_list)?;
    if items.len() > MAX_ITEMS {
        return Err((Fault::OutOfRange, format!("must have at most {MAX_ITEMS} items")));
    }
    let read = |value: &Value| {
        let text = value.as_str().ok_or_else(no_list)?.trim();
        let fits = text.len() <= MAX_ITEM_BYTES && !text.contains(char::is_control);
        let read = if fits { item(text) } else { Err(too_long()) };
        read.map_err(|reason| (Fault::OutOfRange, reason))
    };
    items.iter().map(read).collect()
}

fn too_long() -> String {
    format!("must have items of at most {MAX_ITEM_BYTES} bytes without control characters")
}

fn switch(value: &Value) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| (Fault::WrongType, "must be true or false".to_owned()))
}

fn zone(value: &Value) -> Result<TimeZone, Wrong> {
    let no_name = || (Fault::WrongType, "must be the name of a time zone".to_owned());
    let name = value.as_str().ok_or_else(no_name)?.trim();
    TimeZone::named(name).ok_or_else(|| {
        let reason = "must be the name of a time zone, such as America/New_York";
        (Fault::OutOfRange, reason.to_owned())
    })
}

fn token(value: &Value) -> Result<String, Wrong> {
    let token = value.as_str().ok_or_else(|| (Fault::WrongType, "must be a text".to_owned()))?;
    let is_plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_plain && TOKEN_BYTES.contains(&token.len()) {
        return Ok(token.to_owned());
    }
    let (least, most) = (TOKEN_BYTES.start(), TOKEN_BYTES.end());
    Err((Fault::OutOfRange, format!("must be {least} to {most} letters, digits, - and _")))
}

fn host(text: &str) -> Result<String, String> {
    host_name(text).ok_or_else(|| format!("has {text:?}, which is not the name of a host"))
}

fn dimension(text: &str) -> Result<SiteDimension, String> {
    SiteDimension::named(text).ok_or_else(|| {
        let all = SiteDimensions::ALL.to_string().replace(',', ", ");
        format!("has {text:?}, which is not a dimension; the dimensions are {all}")
    })
}

fn parameter(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && !text.contains(['&', '=', '?', '#', '%', '+', ' ']);
    is_name
        .then(|| text.to_owned())
        .ok_or_else(|| format!("has {text:?}, which names no parameter"))
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    let network = text.parse::<IpNet>().map(|network| network.trunc()).or_else(|_| address());
    network.map_err(|_| format!("has {text:?}, which is neither an address nor a network"))
}

/// A path as it is counted, so that an escape in it means the same as in the address of a page.
fn path(text: &str) -> Result<String, String> {
    let is_path = (text.starts_with('/') || text == "*") && !text.contains(['?', '#']);
    let counted = counted_path(text).filter(|_| is_path);
    counted.ok_or_else(|| format!("has {text:?}, which is not a path that begins with /"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store;

    fn parsed(settings: Value) -> Result<SiteSettings, Vec<WrongSetting>> {
        let Value::Object(settings) = settings else { panic!("no object") };
        SiteSettings::parse(settings)
    }

    #[test]
    fn settings_are_stored_and_read_again() {
        let settings = parsed(json!({
            "hosts": ["Shop.Example"], "dimensions": ["os", "source"],
            "query_parameters": ["id"], "keep_trailing_slash": true, "merge_index_pages": true,
            "excluded_addresses": ["192.0.2.7", "198.51.100.9/24", "2001:db8::/32"],
            "excluded_paths": ["/admin*", "/login"], "time_zone": "America/New_York",
        }))
        .expect("settings");
        let tenant = TenantId::parse("acme").expect("a tenant");
        let Write::Upsert { path, fields } = settings.write(&tenant) else { panic!("no upsert") };
        assert_eq!(path.to_string(), "tenants/acme/settings/site");
        assert!(store::size(&fields) < MAX_BYTES + 100);
        let document =
            Document { id: "site".to_owned(), fields: (*fields).clone(), ..Document::default() };
        assert_eq!(SiteSettings::stored(&document), settings);
        let chosen = SiteDimension::ALL.into_iter().filter(|one| settings.counts_by(*one));
        assert_eq!(chosen.collect::<Vec<_>>(), [SiteDimension::Source, SiteDimension::Os]);
        let none = parsed(json!({"dimensions": []})).expect("settings");
        assert!(!SiteDimension::ALL.into_iter().any(|one| none.counts_by(one)));
        let all = SiteSettings::default();
        assert!(SiteDimension::ALL.into_iter().all(|one| all.counts_by(one)));
    }

    #[test]
    fn what_is_answered_may_be_set_again() {
        let default = SiteSettings::default();
        assert_eq!(parsed(json!(default)), Ok(default));
    }

    #[test]
    fn everything_that_is_wrong_is_said() {
        let wrong = parsed(json!({
            "hosts": ["192.0.2.1"], "dimensions": ["path"], "query_parameters": ["a=b"],
            "keep_trailing_slash": "yes", "merge_index_pages": 1, "excluded_addresses": ["here"],
            "excluded_paths": ["admin"], "time_zone": "Vienna", "retention": null,
        }))
        .expect_err("wrong");
        let faults: Vec<_> = wrong.iter().map(|wrong| (wrong.name.as_str(), wrong.fault)).collect();
        assert_eq!(
            faults,
            [
                ("hosts", Fault::OutOfRange),
                ("dimensions", Fault::OutOfRange),
                ("query_parameters", Fault::OutOfRange),
                ("keep_trailing_slash", Fault::WrongType),
                ("merge_index_pages", Fault::WrongType),
                ("excluded_addresses", Fault::OutOfRange),
                ("excluded_paths", Fault::OutOfRange),
                ("time_zone", Fault::OutOfRange),
                ("retention", Fault::Unknown),
            ]
        );
        for list in
            [json!("a.example"), json!([7]), json!(["a".repeat(257)]), json!(vec!["a"; 101])]
        {
            assert!(parsed(json!({"hosts": list})).is_err(), "{list}");
        }
    }

    #[test]
    fn all_settings_together_are_bounded() {
        let items =
            |most: usize| json!((0..most).map(|n| format!("/{n:0>240}")).collect::<Vec<_>>());
        assert!(parsed(json!({"excluded_paths": items(50)})).is_ok());
        assert!(parsed(json!({"excluded_paths": items(90)})).is_err());
    }

    #[test]
    fn a_site_says_which_hosts_and_addresses_count() {
        let settings = parsed(json!({
            "hosts": ["shop.example"], "excluded_addresses": ["192.0.2.7", "198.51.100.9/24"],
        }))
        .expect("settings");
        for (host, is_allowed) in [
            ("shop.example", true),
            ("www.shop.example", true),
            ("myshop.example", false),
            ("shop.example.evil.example", false),
            ("example", false),
        ] {
            assert_eq!(settings.allows_host(host), is_allowed, "{host}");
        }
        assert!(SiteSettings::default().allows_host("any.example"));
        for (address, is_excluded) in [
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("198.51.100.1", true),
            ("2001:db8::1", false),
        ] {
            let address = address.parse().expect("an address");
            assert_eq!(settings.excludes_address(address), is_excluded, "{address}");
        }
    }

    #[test]
    fn a_site_says_which_paths_count() {
        let paths = ["/admin*", "/login/", "/u/*/edit", "/a*b*c", "/caf%C3%A9"];
        let settings = parsed(json!({"excluded_paths": paths})).expect("settings");
        for (path, is_excluded) in [
            ("/admin", true),
            ("/admin/a", true),
            ("/login", true),
            ("/login/a", false),
            ("/u/ann/edit", true),
            ("/u/edit", false),
            ("/u/ann/edit/x", false),
            ("/abc", true),
            ("/a-b-b-c", true),
            ("/acb", false),
            ("/café", true),
            ("/", false),
        ] {
            assert_eq!(settings.excludes_path(path, PageRules::default()), is_excluded, "{path}");
        }
        let keep_slash = PageRules { keep_slash: true, merge_index: false };
        assert!(settings.excludes_path("/login/", keep_slash));
        assert!(!settings.excludes_path("/login", keep_slash));
        let all = parsed(json!({"excluded_paths": ["*"]})).expect("settings");
        assert!(all.excludes_path("/", PageRules::default()));
    }
}
