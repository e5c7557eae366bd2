//! What the server prints when it is ready: where it listens, and what to try first.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use gateway::{Page, Pages};

/// The start message. Its first line is for programs too, which read the address from it.
pub(crate) struct Greeting<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) folder: &'a Path,
    pub(crate) pages: &'a Pages,
    /// Whether reads need a token.
    pub(crate) needs_token: bool,
}

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, folder, pages, needs_token } = self;
        writeln!(
            f,
            "Spillway listens on http://{address} and keeps its data in {}.",
            folder.display()
        )?;
        let here = reachable(*address);
        let token = if *needs_token { " -H \"Authorization: Bearer $READ_TOKEN\"" } else { "" };
        writeln!(
            f,
            "Try:\n  curl -i http://{here}/ingest -H 'Content-Type: application/json' \\\n    \
             -d '{{\"tenant_id\":\"acme\",\"log_id\":\"123\",\"text\":\"User 555-0199 accessed...\"}}'\n  \
             curl -sf --retry 20 --retry-all-errors --retry-delay 1 \\\n    \
             http://{here}/tenants/acme/processed_logs/123{token}"
        )?;
        for (page, path, what) in
            [(Page::Dashboard, "/dashboard", "Dashboard"), (Page::Docs, "/docs", "API")]
        {
            if pages.serve(page) {
                writeln!(f, "{:<11}http://{here}{path}", format!("{what}:"))?;
            }
        }
        Ok(())
    }
}

/// An address that a browser on this machine can open: `0.0.0.0` stands for all of them.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(address: &str, pages: &str) -> String {
        let (address, pages) = (address.parse().expect("an address"), pages.parse::<Pages>());
        let (folder, pages) = (Path::new("data"), &pages.expect("pages"));
        Greeting { address, folder, pages, needs_token: false }.to_string()
    }

    #[test]
    fn the_read_to_try_waits_for_the_text_and_names_the_token_if_one_is_needed() {
        let (address, pages) = ("127.0.0.1:80", "on".parse::<Pages>().expect("pages"));
        let address = address.parse().expect("an address");
        for needs_token in [false, true] {
            let folder = Path::new("data");
            let told = Greeting { address, folder, pages: &pages, needs_token }.to_string();
            assert!(told.contains("--retry 20 "), "{told}");
            assert_eq!(told.contains("Bearer $READ_TOKEN"), needs_token, "{told}");
        }
    }

    #[test]
    fn the_start_message_names_the_pages_that_are_on() {
        let all = greeting("127.0.0.1:8080", "on");
        assert!(all.starts_with("Spillway listens on http://127.0.0.1:8080 and "), "{all}");
        assert!(all.contains(" http://127.0.0.1:8080/dashboard\n"), "{all}");
        assert!(all.contains(" http://127.0.0.1:8080/docs\n"), "{all}");
        let docs = greeting("127.0.0.1:8080", "docs");
        assert!(!docs.contains("/dashboard") && docs.contains("/docs"), "{docs}");
        assert!(!greeting("127.0.0.1:8080", "off").contains("/docs"));
    }

    #[test]
    fn every_url_can_be_opened_even_when_the_server_listens_on_all_addresses() {
        let all = greeting("0.0.0.0:8080", "on");
        assert_eq!(all.matches("0.0.0.0").count(), 1, "only where it listens: {all}");
        assert!(all.contains("http://127.0.0.1:8080/dashboard"), "{all}");
        assert!(greeting("[::]:8080", "on").contains("http://[::1]:8080/docs"));
    }
}
