//! The options of `spillway site`.

use clap::{Args, Subcommand, ValueEnum};
use common::tenant::TenantId;
use serde_json::{Map, Value, json};

use crate::replay::tenant;
use crate::server::ServerArgs;

/// Show or change the settings of a site on a running server.
///
/// Prints all settings of the site as JSON. A change reaches the other gateways of the deployment
/// within 10 seconds. Earlier counts stay as they are.
///
/// Exit code 0: done. 1: the server refused or did not answer. 2: an option is not valid.
#[derive(Args, Debug)]
pub(crate) struct SiteArgs {
    #[command(subcommand)]
    pub(super) command: SiteCommand,
}

#[derive(Subcommand, Debug)]
pub(super) enum SiteCommand {
    /// Show the settings of a site.
    Show(Site),
    /// Change the settings that you name, and keep the others.
    Set(SetArgs),
    /// Print a link to the dashboard of a site, for people without a token.
    ///
    /// Whoever has the link may read the statistics of this site's events, and nothing else: no single
    /// record, no access log, no other site. The same link is printed each time.
    Share(ShareArgs),
}

/// A site, and the server that has it.
#[derive(Args, Debug)]
pub(super) struct Site {
    /// The site
    #[arg(value_name = "TENANT", value_parser = tenant)]
    pub(super) tenant: TenantId,

    #[command(flatten)]
    pub(super) server: ServerArgs,
}

#[derive(Args, Debug)]
pub(super) struct ShareArgs {
    #[command(flatten)]
    pub(super) site: Site,

    /// Make a new link, and the ones before invalid
    #[arg(long)]
    pub(super) renew: bool,

    /// Make all links to the dashboard of the site invalid
    #[arg(long, conflicts_with = "renew")]
    pub(super) stop: bool,
}

#[derive(Args, Debug)]
pub(super) struct SetArgs {
    #[command(flatten)]
    pub(super) site: Site,

    /// The hosts whose pages count, including their subdomains: a comma-separated list; '' for any
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    hosts: Option<Vec<String>>,

    /// Which of the server's dimensions events are counted by: a comma-separated list; '' for none,
    /// default for all
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    dimensions: Option<Vec<String>>,

    /// The query parameters that tell pages apart: a comma-separated list; '' for none
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    query_parameters: Option<Vec<String>>,

    /// Whether /a/ and /a are two pages
    #[arg(long, value_name = "keep|cut|default", value_enum, hide_possible_values = true)]
    trailing_slash: Option<TrailingSlash>,

    /// Whether /a/index.html is the page /a/
    #[arg(long, value_name = "merge|keep|default", value_enum, hide_possible_values = true)]
    index_pages: Option<IndexPages>,

    /// An address or a network whose events do not count; repeat the option for several, '' for
    /// none
    #[arg(long = "exclude-address", value_name = "ADDRESS")]
    excluded_addresses: Option<Vec<String>>,

    /// A page that does not count, in which * stands for any text; repeat the option for several,
    /// '' for none
    #[arg(long = "exclude-path", value_name = "PATH")]
    excluded_paths: Option<Vec<String>>,

    /// The zone by whose days events are counted, such as America/New_York; default for UTC
    #[arg(long, value_name = "NAME")]
    time_zone: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TrailingSlash {
    Keep,
    Cut,
    Default,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum IndexPages {
    Merge,
    Keep,
    Default,
}

impl SetArgs {
    /// The named settings with their values, in the server's form.
    pub(super) fn changes(&self) -> Map<String, Value> {
        let slash = self.trailing_slash.map(|slash| match slash {
            TrailingSlash::Keep => json!(true),
            TrailingSlash::Cut => json!(false),
            TrailingSlash::Default => Value::Null,
        });
        let index = self.index_pages.map(|index| match index {
            IndexPages::Merge => json!(true),
            IndexPages::Keep => json!(false),
            IndexPages::Default => Value::Null,
        });
        let dimensions = match self.dimensions.as_deref() {
            Some([one]) if one == "default" => Some(Value::Null),
            _ => list(self.dimensions.as_deref()),
        };
        let time_zone = self.time_zone.as_deref().map(|name| match name {
            "default" => Value::Null,
            name => json!(name),
        });
        let changes = [
            ("hosts", list(self.hosts.as_deref())),
            ("dimensions", dimensions),
            ("query_parameters", list(self.query_parameters.as_deref())),
            ("keep_trailing_slash", slash),
            ("merge_index_pages", index),
            ("excluded_addresses", list(self.excluded_addresses.as_deref())),
            ("excluded_paths", list(self.excluded_paths.as_deref())),
            ("time_zone", time_zone),
        ];
        let named = changes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        named.collect()
    }
}

/// The items that are not empty.
fn list(items: Option<&[String]>) -> Option<Value> {
    let items = items?.iter().filter(|item| !item.trim().is_empty());
    Some(items.map(|item| json!(item)).collect())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: SetArgs,
    }

    fn changes(options: &[&str]) -> Value {
        let words = [&["set", "acme"], options].concat();
        Value::Object(Command::parse_from(words).args.changes())
    }

    #[test]
    fn only_what_is_named_is_changed() {
        assert_eq!(changes(&[]), json!({}));
        let named = changes(&[
            "--hosts",
            "a.example,b.example",
            "--exclude-path",
            "/a,b",
            "--exclude-path",
            "/c*",
            "--trailing-slash",
            "keep",
            "--index-pages",
            "merge",
            "--dimensions",
            "source",
            "--time-zone",
            "America/New_York",
        ]);
        let expected = json!({
            "hosts": ["a.example", "b.example"], "dimensions": ["source"],
            "keep_trailing_slash": true, "merge_index_pages": true,
            "excluded_paths": ["/a,b", "/c*"],
            "time_zone": "America/New_York",
        });
        assert_eq!(named, expected);
    }

    #[test]
    fn a_setting_can_be_emptied_and_reset() {
        let none = ["--hosts", "", "--exclude-address", "", "--dimensions", ""];
        assert_eq!(
            changes(&none),
            json!({"hosts": [], "dimensions": [], "excluded_addresses": []})
        );
        let default =
            ["--dimensions", "default", "--trailing-slash", "default", "--time-zone", "default"];
        assert_eq!(
            changes(&default),
            json!({"dimensions": null, "keep_trailing_slash": null, "time_zone": null})
        );
    }

    #[test]
    fn a_tenant_and_a_target_that_cannot_be_are_refused() {
        for words in [&["set", "a/b"][..], &["set", "acme", "--target", "localhost"], &["set"]] {
            assert!(Command::try_parse_from(words).is_err(), "{words:?}");
        }
    }
}
