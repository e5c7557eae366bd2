//! Doors for the clients of other web analytics products. Each is thin: it reads its protocol and
//! translates what happened into the fields of `POST /event` ([`hit`]). From there on, a hit is an
//! event like any other ([`taking`]): the same checks, visitors, exclusions, limits and guarantees.

pub(crate) mod cloud_events;
mod form;
pub(crate) mod goatcounter;
mod hit;
pub(crate) mod matomo;
mod matomo_campaign;
mod pixel;
pub(crate) mod plausible;
pub(crate) mod posthog;
mod posthog_body;
mod records;
pub(crate) mod segment;
pub(crate) mod snowplow;
mod taking;
pub(crate) mod umami;

#[cfg(test)]
pub(super) mod fuzz;

/// The paths of all doors but Segment's, and but that of CloudEvents, which is `/event`.
const OTHER_PATHS: [&str; 20] = [
    "/api/event",
    "/api/send",
    "/api/batch",
    "/batch",
    "/capture",
    "/track",
    "/e",
    "/i/v0/e",
    "/flags",
    "/decide",
    "/array/{token}/config",
    "/array/{token}/config.js",
    "/matomo.php",
    "/piwik.php",
    "/com.snowplowanalytics.snowplow/tp2",
    "/i",
    "/count",
    "/count/{tenant}",
    "/api/v0/count",
    "/api/v0/count/{tenant}",
];

/// The paths of all doors except that of CloudEvents, which is `/event`. The API's description
/// leaves them out, since the documentation of their protocols describes them.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    OTHER_PATHS.into_iter().chain(segment::PATHS)
}

/// The `source` of the events of each door.
pub(crate) const SOURCES: [&str; 8] = [
    plausible::DOOR.source,
    umami::DOOR.source,
    segment::DOOR.source,
    posthog::DOOR.source,
    matomo::DOOR.source,
    snowplow::DOOR.source,
    goatcounter::DOOR.source,
    cloud_events::DOOR.source,
];

/// Whether the path is that of a door. Some doors take events by GET, and so need no token for
/// reads.
pub(crate) fn is_at(path: &str) -> bool {
    paths().any(|door| {
        let mut parts = path.split('/');
        let is_part = |of_door: &str| match parts.next() {
            Some(part) => of_door == part || (of_door.starts_with('{') && !part.is_empty()),
            None => false,
        };
        door.split('/').all(is_part) && parts.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_that_of_a_door_as_a_whole() {
        for path in ["/count", "/count/acme", "/array/phc_1/config.js", "/i", "/i/v0/e"] {
            assert!(is_at(path), "{path}");
        }
        for path in ["/", "/stats", "/counts", "/count/acme/x", "/count/", "/i/v0", "/array/a", ""]
        {
            assert!(!is_at(path), "{path}");
        }
    }

    #[test]
    fn the_page_for_clients_names_every_path() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/CLIENTS.md");
        let page = std::fs::read_to_string(page).expect("the page");
        for path in paths() {
            assert!(page.contains(&format!("`{path}`")), "{path}");
        }
    }
}
