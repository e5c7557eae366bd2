//! The check for e-mail addresses.

use std::ops::Range;

use super::surroundings::{end_of_run, ends_escape, in_login, start_of_run};

/// The letters below this are Latin, Greek or Cyrillic, which separate words. Above it, an address
/// in Latin letters may stand right beside other text.
const SPACED: char = '\u{500}';
/// How far a quoted name reaches.
const QUOTED: usize = 64;

/// Programs whose nodes are named like an address.
const NODES: &[&str] = &["rabbit", "rabbitmq", "celery", "ejabberd", "couchdb", "emqx", "riak"];

/// Domains in the names of algorithms of SSH.
const SSH_DOMAINS: &[&str] =
    &["openssh.com", "libssh.org", "lysator.liu.se", "ssh.com", "tinyssh.org", "libssh2.org"];
/// Algorithms and extensions of SSH; with a star, families of them.
const ALGORITHMS: &str = "aes* chacha20* curve25519* curve448* sntrup* mlkem* ecdh* diffie* kex* \
    hmac* umac* zlib rijndael* seed* serpent* twofish* blowfish* 3des* arcfour* ssh* sk-ssh* \
    sk-ecdsa* webauthn-sk-ecdsa* ecdsa* rsa* hostkeys* agent auth-agent auth-agent-req \
    no-more-sessions keepalive eow tun statvfs fstatvfs hardlink fsync posix-rename lsetstat \
    limits expand-path copy-data home-directory users-groups-by-id ping ping* pong \
    session-bind restrict-destination* publickey-hostbound* verify-required streamlocal-forward \
    direct-streamlocal forwarded-streamlocal cancel-streamlocal-forward filter* \
    associated-certs* sshsig* signature*";

/// Last labels of names that look like a domain: of files, and of systemd's units.
const ENDINGS: &[&str] = &[
    "amd",
    "apk",
    "asc",
    "automount",
    "avif",
    "bak",
    "bin",
    "bmp",
    "bz",
    "cfg",
    "cjs",
    "class",
    "conf",
    "cpp",
    "css",
    "csv",
    "deb",
    "device",
    "dll",
    "dmg",
    "doc",
    "docx",
    "eot",
    "exe",
    "gif",
    "go",
    "gz",
    "heic",
    "hpp",
    "htm",
    "html",
    "ico",
    "ini",
    "iso",
    "jar",
    "java",
    "jpeg",
    "jpg",
    "js",
    "json",
    "jsx",
    "kt",
    "less",
    "lock",
    "log",
    "map",
    "mjs",
    "mkv",
    "mount",
    "noarch",
    "otf",
    "path",
    "pdf",
    "php",
    "png",
    "pom",
    "properties",
    "rb",
    "rpm",
    "scope",
    "scss",
    "service",
    "sha",
    "sig",
    "slice",
    "socket",
    "sql",
    "src",
    "svg",
    "swap",
    "tar",
    "target",
    "tgz",
    "tiff",
    "timer",
    "tmp",
    "toml",
    "ts",
    "tsv",
    "tsx",
    "ttf",
    "txt",
    "vue",
    "war",
    "wasm",
    "wav",
    "webm",
    "webp",
    "whl",
    "woff",
    "xls",
    "xlsx",
    "xml",
    "xz",
    "yaml",
    "yml",
    "zst",
];

/// Whether a name ends like that of a file or a unit, and not like a domain.
pub(crate) fn names_a_file(last_label: &str) -> bool {
    let stem = last_label.trim_end_matches(|c: char| c.is_ascii_digit());
    ENDINGS.binary_search(&stem.to_ascii_lowercase().as_str()).is_ok()
}

pub(crate) fn email(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let start = start_of_mailbox(text, found.start)?;
    let end = end_of_domain(text, found.end)?;
    let domain = &text[found.end..end];
    if in_login(text, start) {
        return None;
    }
    let mailbox = &text[start..found.start];
    let is_clone = mailbox == "git" && text[end..].starts_with(':');
    let is_other = is_algorithm(mailbox, domain)
        || is_node(mailbox, domain)
        || is_principal(&text[..start], mailbox, domain);
    (!is_clone && !is_other && !names_a_version(domain)).then_some(start..end)
}

/// `aes256-gcm@openssh.com`: an algorithm or an extension of SSH, with the domain of who made it.
fn is_algorithm(name: &str, domain: &str) -> bool {
    let is_known = |known: &&str| match known.strip_suffix('*') {
        Some(start) => name.strip_prefix(start).is_some_and(is_variant),
        None => name == *known,
    };
    SSH_DOMAINS.contains(&domain) && ALGORITHMS.split(' ').any(|known| is_known(&known))
}

/// What follows the family of an algorithm: a number or a hyphen, and no word alone.
fn is_variant(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_ascii_digit() || c == '-')
}

/// `rabbit@node1.example.com`: a node of a cluster, named after its program.
fn is_node(mailbox: &str, domain: &str) -> bool {
    let is_machine = domain.matches('.').count() > 1;
    (NODES.contains(&mailbox) && is_machine) || domain.ends_with(".cluster.local")
}

/// `krbtgt/EXAMPLE.COM@EXAMPLE.COM`, `nn/_HOST@EXAMPLE.COM`: a service of Kerberos, on a host of
/// the realm.
fn is_principal(before: &str, host: &str, realm: &str) -> bool {
    let domain = host.get(host.len().saturating_sub(realm.len())..).unwrap_or("");
    let is_within = domain.eq_ignore_ascii_case(realm)
        && (host.len() == realm.len() || host[..host.len() - domain.len()].ends_with('.'));
    let is_realm = !realm.contains(|c: char| c.is_lowercase());
    before.ends_with('/') && is_realm && (host == "_HOST" || is_within)
}

/// Where the part before the `@` starts. Signs belong to it only between letters and digits.
fn start_of_mailbox(text: &str, at: usize) -> Option<usize> {
    let last = text[..at].chars().next_back()?;
    if last == '"' {
        return start_of_quoted(text, at - 1);
    }
    let letter = letters_beside(last);
    let is_part = |c: char| letter(c) || "_+.-!#$%'*^~".contains(c);
    let run = start_of_run(text, at, is_part);
    let run = run + usize::from(ends_escape(text, run));
    let own = text[run..at].trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
    (!own.is_empty() && (letter(last) || "_+.-$!".contains(last))).then(|| at - own.len())
}

fn start_of_quoted(text: &str, at: usize) -> Option<usize> {
    let reach = text.floor_char_boundary(at.saturating_sub(QUOTED));
    let start = reach + text[reach..at].rfind('"')?;
    let is_name = |c: char| c.is_alphanumeric() || " ._-".contains(c);
    (start + 1 < at && text[start + 1..at].chars().all(is_name)).then_some(start)
}

/// Where the domain ends: after its last label that may be a top-level domain.
fn end_of_domain(text: &str, start: usize) -> Option<usize> {
    let (mut at, mut end, mut labels) = (start, None, 0);
    loop {
        let next = end_of_label(text, at);
        let label = text[at..next].trim_end_matches('-');
        if label.is_empty() || label.starts_with('-') {
            break;
        }
        labels += 1;
        if labels > 1 && is_top(label) {
            end = Some(at + label.len());
        }
        if !text[next..].starts_with(['.', '。']) {
            break;
        }
        at = next + text[next..].chars().next().map_or(1, char::len_utf8);
    }
    end.filter(|end| !text[start..*end].rsplit('.').next().is_some_and(names_a_file))
}

fn end_of_label(text: &str, at: usize) -> usize {
    let Some(first) = text[at..].chars().next() else {
        return at;
    };
    let letter = letters_beside(first);
    end_of_run(text, at, |c| letter(c) || c == '-')
}

/// The letters of the same word: beside a letter of a script that separates words, only letters of
/// such scripts.
fn letters_beside(c: char) -> impl Fn(char) -> bool {
    move |other| is_letter(other) && (c >= SPACED || other < SPACED)
}

/// Whether the character is a letter, a digit, or a mark on a letter.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}' | '\u{93a}'..='\u{94f}')
}

fn is_top(label: &str) -> bool {
    let letters = label.chars().take_while(|c| c.is_alphabetic()).count();
    letters > 1 || label.starts_with("xn--")
}

/// Whether what follows the `@` is the version of a package, or the density of an image.
fn names_a_version(domain: &str) -> bool {
    let mut labels = domain.split('.');
    let first = labels.next().unwrap_or("");
    let second = labels.next().unwrap_or("");
    let number = first.trim_start_matches(['v', 'V']);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = is_number && (number.len() < first.len() || starts_with_digit(second));
    let is_density = first.strip_suffix('x').is_some_and(|n| n.len() == 1 && starts_with_digit(n));
    is_version || (is_density && second != "com")
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endings_are_sorted() {
        assert!(ENDINGS.is_sorted());
    }
}
