//! The names of hosts: of the site that a request was for, and of the page that links to it.

/// The longest name of a host in the domain name system, in bytes.
const MAX_HOST_BYTES: usize = 253;

/// A host's name in lower case, without its port; `None` for an address, and for anything else that
/// is not a name.
pub fn host_name(authority: &str) -> Option<String> {
    let host = authority.trim();
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    // A name never ends with a number, but an address does, in all of its forms.
    let is_address = last.starts_with(|c: char| c.is_ascii_digit())
        && (last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x"));
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || "-_".contains(c))
    };
    let is_name = host.len() <= MAX_HOST_BYTES
        && host.split('.').all(is_label)
        && host.contains(char::is_alphabetic)
        && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_name && !is_address).then(|| host.to_lowercase())
}

/// The host of a URL; `None` if it has none, or an address.
pub fn host_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let is_scheme = !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte));
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host_name(host).filter(|_| is_scheme)
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
            ("bücher.example", "bücher.example"),
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
}
