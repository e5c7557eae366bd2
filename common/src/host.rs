//! The names of hosts: of the site that a request was for, and of the page that links to it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

/// The longest name of a host in the domain name system, in bytes.
const MAX_HOST_BYTES: usize = 253;

/// A host's name as browsers write it: in lower case, in ASCII (`xn--bcher-kva.example` for
/// `bücher.example`), without its port. `None` for an address, and for anything else that is not a
/// name.
pub fn host_name(authority: &str) -> Option<String> {
    let host = authority.trim();
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let host = in_ascii(host)?;
    let host = host.strip_suffix('.').unwrap_or(&host);
    let last = host.rsplit('.').next().unwrap_or_default();
    // A name never ends with a number, but an address does, in all of its forms.
    let is_address = last.starts_with(|c: char| c.is_ascii_digit())
        && (last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x"));
    let is_label = |label: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        !label.is_empty() && label.bytes().all(is_part)
    };
    let is_name = host.len() <= MAX_HOST_BYTES
        && host.split('.').all(is_label)
        && host.contains(|c: char| c.is_ascii_alphabetic())
        && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_name && !is_address).then(|| host.to_owned())
}

/// The host in lower case and in ASCII; `None` if it cannot be written so.
fn in_ascii(host: &str) -> Option<Cow<'_, str>> {
    if host.is_ascii() {
        return Some(Cow::Owned(host.to_ascii_lowercase()));
    }
    // An escaped name is at most as many bytes as its characters and a few for each label.
    let may_fit = host.chars().count() <= MAX_HOST_BYTES;
    idna::domain_to_ascii(host).ok().filter(|_| may_fit).map(Cow::Owned)
}

/// The host of a URL; `None` if it has none, or an address.
pub fn host_of(url: &str) -> Option<String> {
    let scheme = scheme_of(url)?;
    authority_of(url).and_then(host_name).filter(|_| !scheme.is_empty())
}

/// The scheme of a URL as it was sent; empty if it begins with its authority, as `//h.example/a`.
/// `None` if it has no authority.
pub fn scheme_of(url: &str) -> Option<&str> {
    let (scheme, _) = url.trim().split_once("//")?;
    let is_scheme =
        |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b));
    match scheme.strip_suffix(':') {
        Some(name) => (!name.is_empty() && is_scheme(name)).then_some(name),
        None => scheme.is_empty().then_some(scheme),
    }
}

/// What a URL names as its host, with a port; `None` if it names none, as that of a file.
pub fn authority_of(url: &str) -> Option<&str> {
    scheme_of(url)?;
    let (_, rest) = url.trim().split_once("//")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    authority.rsplit('@').next().filter(|host| !host.is_empty())
}

/// The host of an authority as it is compared with others: a name, or an address. Ports do not
/// count.
pub fn comparable(authority: &str) -> Option<String> {
    host_name(authority).or_else(|| address(authority.trim()).map(|address| address.to_string()))
}

/// The address in an authority.
fn address(authority: &str) -> Option<IpAddr> {
    let bare = authority.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let with_port = || authority.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.unwrap_or(authority).parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_without_case_and_port() {
        for (authority, host) in [
            ("www.Example.com", "www.example.com"),
            ("example.com:8080", "example.com"),
            ("example.com.", "example.com"),
            ("localhost:80", "localhost"),
            ("my_service", "my_service"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example:443", "xn--bcher-kva.example"),
            ("BU\u{308}CHER.Example.", "xn--bcher-kva.example"),
            ("münchen。de", "xn--mnchen-3ya.de"),
            ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
            ("1.example", "1.example"),
        ] {
            assert_eq!(host_name(authority).as_deref(), Some(host), "{authority}");
        }
    }

    #[test]
    fn an_address_is_no_name_in_any_form() {
        for authority in [
            "10.0.0.1",
            "10.0.0.1:80",
            "[2001:db8::1]:443",
            "2001:db8::1",
            "fe80::1",
            "2130706433",
            "0x7f.0x1",
            "127.0x1",
            "[REDACTED]",
            "",
            "-",
            ".",
            "a..b",
            "１０.0.0.1",
            "ü\u{200b} .example",
            "a b",
            "a/b",
            "a:b",
            &"a".repeat(254),
        ] {
            assert_eq!(host_name(authority), None, "{authority}");
        }
    }

    #[test]
    fn the_host_of_a_url_is_found() {
        for (url, host) in [
            ("https://www.example.com/a?b=https://other.example/", "www.example.com"),
            ("http://ann:secret@Example.com:81#x", "example.com"),
            ("https://example.com?q", "example.com"),
            ("android-app://com.example.app/", "com.example.app"),
        ] {
            assert_eq!(host_of(url).as_deref(), Some(host), "{url}");
        }
        for url in ["", "-", "/a", "example.com", "://a.example", "http://10.0.0.1/", "http:///a"] {
            assert_eq!(host_of(url), None, "{url}");
        }
    }

    #[test]
    fn hosts_are_compared_as_names_or_as_addresses() {
        for (one, other) in [
            ("192.168.1.5", "192.168.1.5:8080"),
            ("[2001:DB8::1]:80", "[2001:db8:0::1]"),
            ("Bücher.example:80", "xn--bcher-kva.example"),
        ] {
            assert!(comparable(one).is_some() && comparable(one) == comparable(other), "{one}");
        }
        assert_ne!(comparable("192.168.1.5"), comparable("192.168.1.6"));
        assert_eq!([comparable("a b"), comparable(""), comparable("[x]")], [None, None, None]);
    }

    #[test]
    fn a_url_may_leave_out_its_scheme_but_not_its_authority() {
        assert_eq!(authority_of("//ann@h.example:80/a"), Some("h.example:80"));
        assert_eq!(scheme_of("//h.example"), Some(""));
        assert_eq!(scheme_of("Capacitor://localhost"), Some("Capacitor"));
        for url in ["/a//b", "a b://c", "://a", "h.example/a", ""] {
            assert_eq!(authority_of(url), None, "{url}");
        }
        assert_eq!(authority_of("file:///a"), None);
    }
}
