//! Tells an IPv4 address from a version, an object identifier or the number of a section, which may
//! have four numbers too.

use std::iter::successors;
use std::ops::Range;

use super::surroundings::{WORD_REACH, word_before};
use super::version_words::{DEVICES, DOMAINS, PLACES, RELEASES, SOFTWARE, TAGS, VERSIONS};

/// The largest first number of a version.
const LARGEST: u8 = 150;
/// The most parts of the name of an artifact before its own name.
const COORDINATES: usize = 4;
/// The longest part of a name, in bytes, that is looked at.
const NAME: usize = 64;

/// Whether what looks like an address stands where a version would.
pub(crate) fn written_as_version(text: &str, found: &Range<usize>, octets: [u8; 4]) -> bool {
    let before = &text.as_bytes()[..found.start];
    let after = &text.as_bytes()[found.end..];
    let (word, _) = word_before(before);
    let named =
        VERSIONS.contains(&word.as_str()) || word.ends_with("version") || in_element(before);
    let tagged = TAGS.iter().any(|tag| after.starts_with(tag.as_bytes()));
    let zero = octets[0] == 0 && octets != [0; 4];
    if named || zero || tagged || is_identifier(octets) || is_packaged(before, after, octets) {
        return true;
    }
    // `fw` may be a firewall too.
    let is_device = DEVICES.contains(&word.as_str()) && !(word == "fw" && is_private(octets));
    if !has_port(after) && (is_device || is_file(before, octets) || is_domain(before, octets)) {
        return true;
    }
    let is_small = is_small(octets) && !has_port(after);
    let is_listed = || is_in_path(before, after) || is_revised(before, after) || is_gem(before);
    if is_small && (is_installed(before, after) || is_suffix(before)) {
        return true;
    }
    if is_small && (is_listed() || is_image(before) || is_folder(before, after)) {
        return true;
    }
    let is_round = octets[1..] == [0; 3] && !is_private(octets) && !after.starts_with(b"/");
    if is_round && before.ends_with(b" ") && (is_software(&word) || follows_a_name(before, &word)) {
        return true;
    }
    let is_release = || RELEASES.contains(&word.as_str()) || is_software(&word);
    (is_small
        && (is_release() || is_coordinate(before) || is_compared(before) || is_upgrade(before)))
        || is_product(before, after, octets)
        || (is_small && follows_a_name(before, &word))
}

/// Whether these numbers, right after a word, are those of a machine with that name.
pub(crate) fn may_follow(word: &str, octets: [u8; 4]) -> bool {
    let is_release = word.ends_with("version") || RELEASES.contains(&word);
    let is_release = is_release || DEVICES.contains(&word) || word.starts_with("lib");
    let is_large = is_private(octets) || octets[0] > LARGEST;
    !is_release && is_large && !(octets[0] == 10 && is_software(word))
}

/// `<FileVersion>`
fn in_element(before: &[u8]) -> bool {
    let tag = before.strip_suffix(b">").unwrap_or_default();
    let near = &tag[tag.len().saturating_sub(WORD_REACH)..];
    near.to_ascii_lowercase().ends_with(b"version") && near.contains(&b'<')
}

/// `FooBar.dll, 10.0.0.5`, and `setup.exe 1.3.36.112`: a program may also have a connection.
fn is_file(before: &[u8], octets: [u8; 4]) -> bool {
    let name = before.strip_suffix(b"(").unwrap_or(before).trim_ascii_end();
    let name = name.strip_suffix(b",").unwrap_or(name);
    let near = name[name.len().saturating_sub(4)..].to_ascii_lowercase();
    let is_library = near == b".dll" || near == b".ocx" || near == b".sys";
    let is_program = near == b".exe" || near == b".msi" || near == b".apk";
    name.len() < before.len() && (is_library || (is_program && is_small(octets)))
}

/// `com.google.android.gms 23.45.23.0`: a package, which is named after a domain turned round.
fn is_domain(before: &[u8], octets: [u8; 4]) -> bool {
    let name = before.strip_suffix(b" ").map(last_name).unwrap_or_default();
    let is_part = |byte: &u8| byte.is_ascii_lowercase() || b"._".contains(byte);
    let is_package = DOMAINS.iter().any(|start| name.starts_with(start.as_bytes()));
    let dots = name.iter().filter(|byte| **byte == b'.').count();
    is_package && dots > 1 && name.iter().all(is_part) && !is_private(octets)
}

/// `libc6 2.35.0.3`, `System.Text.Json (8.0.0.4)`, `foo 1.2.3.4-5 is already the newest version`
fn is_installed(before: &[u8], after: &[u8]) -> bool {
    let near = &after[..after.len().min(NAME)];
    let says = |word: &[u8]| near.windows(word.len()).any(|own| own == word);
    if says(b"newest version") || says(b"already installed") {
        return true;
    }
    match before.strip_suffix(b" (") {
        Some(name) if after.starts_with(b")") => {
            let is_changed = after.starts_with(b") over (") || name.ends_with(b" over");
            is_changed || is_library(name) || is_namespace(last_name(name))
        }
        _ => before.strip_suffix(b" ").is_some_and(is_library),
    }
}

/// `libssl1.1:amd64`, but not `lib.example.com`
fn is_library(text: &[u8]) -> bool {
    let near = &text[text.len().saturating_sub(NAME)..];
    let name = near.rsplit(|byte| b" \t\"'(,;".contains(byte)).next().unwrap_or_default();
    let name = name.split(|byte| *byte == b':').next().unwrap_or_default();
    let label = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is_host = label.len() < name.len() && label.iter().all(u8::is_ascii_alphabetic);
    name.starts_with(b"lib") && name.get(3).is_some_and(u8::is_ascii_lowercase) && !is_host
}

/// `System.Text.Json`
fn is_namespace(name: &[u8]) -> bool {
    let mut parts = name.split(|byte| *byte == b'.');
    let is_capital = |part: &[u8]| part.first().is_some_and(u8::is_ascii_uppercase);
    name.contains(&b'.') && name.iter().any(u8::is_ascii_lowercase) && parts.all(is_capital)
}

/// `linux-headers-5.15.0.91`
fn is_suffix(before: &[u8]) -> bool {
    let name = before.strip_suffix(b"-").map(last_name).unwrap_or_default();
    let is_known = |part: &[u8]| {
        let part = String::from_utf8_lossy(part);
        matches!(part.as_ref(), "devel" | "headers" | "libs") || is_software(&part)
    };
    name.split(|byte| *byte == b'-').any(is_known)
}

/// The name of a program, or of its daemon.
fn is_software(word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    let daemon = word.strip_suffix('d').filter(|name| !name.is_empty());
    SOFTWARE.split(' ').any(|name| name == word || Some(name) == daemon)
}

/// `group:artifact:1.2.3.4`, or a product of two words that ends like a place.
fn is_coordinate(before: &[u8]) -> bool {
    let is_group = |text: &[u8]| last_name(text).contains(&b'.');
    let group = outer(before).and_then(outer);
    successors(group, |text| outer(text)).take(COORDINATES).any(is_group)
        || before.ends_with(b"SQL Server ")
        || before.ends_with(b"Windows Server ")
}

/// What is before the name at the end of a text, and before a colon in front of it.
fn outer(text: &[u8]) -> Option<&[u8]> {
    text[..text.len() - last_name(text).len()].strip_suffix(b":")
}

fn last_name(text: &[u8]) -> &[u8] {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    &text[text.len() - text.iter().rev().take(NAME).take_while(is_part).count()..]
}

/// Whether the numbers are as small as those of versions are, and not those of a private network.
fn is_small(octets: [u8; 4]) -> bool {
    octets[0] <= 20 && octets[0] != 10
}

fn is_private(octets: [u8; 4]) -> bool {
    matches!(octets, [10 | 127, ..] | [192, 168, ..] | [169, 254, ..] | [172, 16..=31, ..])
}

/// `:8080`, but not a sentence's colon.
fn has_port(after: &[u8]) -> bool {
    matches!(after, [b':', next, ..] if next.is_ascii_digit())
}

/// Whether the numbers begin an object identifier of a management base or of a certificate.
fn is_identifier(octets: [u8; 4]) -> bool {
    matches!(octets, [1, 3, 6, 1] | [2, 5, 4 | 29, _])
}

/// `lib-1.2.3.4.jar`, `name_1.2.3.4-1_amd64`
fn is_packaged(before: &[u8], after: &[u8], octets: [u8; 4]) -> bool {
    let is_place = || PLACES.contains(&word_before(before).0.as_str());
    let is_host = || octets[0] > LARGEST || (!is_small(octets) && is_place());
    let named = matches!(before, [.., b'a'..=b'z' | b'A'..=b'Z', b'-' | b'_']) && !is_host();
    let hyphen = named && matches!(after, [b'-', next, ..] if next.is_ascii_alphanumeric());
    let dotted = named && matches!(after, [b'.', next, ..] if next.is_ascii_alphabetic());
    let revision = after.strip_prefix(b"-").is_some_and(|rest| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        digits > 0 && rest.get(digits).is_some_and(u8::is_ascii_alphabetic)
    });
    let architecture = [&b"_amd64"[..], b"_arm64", b"_all", b"_i386", b"_x86", b"_noarch"];
    hyphen || dotted || revision || architecture.iter().any(|name| after.starts_with(name))
}

/// `/gems/activerecord-7.0.4.3/lib`
fn is_in_path(before: &[u8], after: &[u8]) -> bool {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let name = before.iter().rev().take(NAME).take_while(is_part).count();
    let (folder, name) = before.split_at(before.len() - name);
    let is_named = matches!(name, [first, .., b'-' | b'_'] if first.is_ascii_alphabetic());
    is_named && folder.ends_with(b"/") && !folder.ends_with(b"//") && after.starts_with(b"/")
}

/// `libfoo (1.2.3.4-1)`
fn is_revised(before: &[u8], after: &[u8]) -> bool {
    let number = after.strip_prefix(b"-").unwrap_or_default();
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
    before.ends_with(b" (") && digits > 0 && number.get(digits) == Some(&b')')
}

/// `gem 'rails', '5.2.4.3'`
fn is_gem(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(WORD_REACH)..];
    let is_quoted = near.ends_with(b"', '") || near.ends_with(b"\", \"");
    is_quoted && [&b"gem '"[..], b"gem \""].iter().any(|gem| near.windows(5).any(|w| w == *gem))
}

/// `acme/foo:1.2.3.4`: the tag of an image. A host would not have a slash before it.
fn is_image(before: &[u8]) -> bool {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._-/".contains(byte);
    let text = before.strip_suffix(b":").unwrap_or_default();
    let name = text.iter().rev().take(NAME).take_while(is_part).count();
    let name = &text[text.len() - name..];
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let is_url = name.windows(2).any(|signs| signs == b"//");
    name.contains(&b'/') && is_word(name.first()) && is_word(name.last()) && !is_url
}

/// `C:\packages\foo\1.2.3.4\lib`
fn is_folder(before: &[u8], after: &[u8]) -> bool {
    let slashes = before.iter().rev().take(4).take_while(|byte| **byte == b'\\').count();
    let folder = before[..before.len() - slashes].last();
    slashes > 0 && after.starts_with(b"\\") && folder.is_some_and(u8::is_ascii_alphanumeric)
}

/// `name==1.2.3.4`
fn is_compared(before: &[u8]) -> bool {
    if [&b"(= "[..], b"~> ", b">= ", b"<= "].iter().any(|sign| before.ends_with(sign)) {
        return true;
    }
    [&b"=="[..], b">=", b"<=", b"~=", b"~>", b"^", b"~", b">", b"<"].iter().any(|sign| {
        before.strip_suffix(*sign).is_some_and(|name| name.last().is_none_or(|b| *b != b'='))
    })
}

/// `upgrade from 1.2.3.4 to`
fn is_upgrade(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(WORD_REACH)..];
    let names = |word: &[u8]| near.windows(word.len()).any(|own| own == word);
    let is_second =
        [&b" to "[..], b" -> ", b" and ", b" or "].iter().any(|sign| near.ends_with(sign));
    [&b"pgrad"[..], b"wngrad", b"pdat", b"nstall", b"bump", b"Bump"].iter().any(|word| names(word))
        || (is_second && names(b"ersion "))
}

/// Whether a product name like `Chrome/` is before, rather than the name of a host.
fn is_product(before: &[u8], after: &[u8], octets: [u8; 4]) -> bool {
    let Some(name) = before.strip_suffix(b"/") else {
        return false;
    };
    let name = &name[name.len().saturating_sub(NAME)..];
    let start =
        name.iter().rposition(|byte| !(byte.is_ascii_alphanumeric() || b"_.-".contains(byte)));
    let name = &name[start.map_or(0, |at| at + 1)..];
    let is_word = name.last().is_some_and(u8::is_ascii_alphanumeric)
        && name.first().is_some_and(u8::is_ascii_alphabetic);
    let is_named = name.contains(&b'.') && !is_small(octets);
    let is_host = is_named || has_port(after) || is_machine(name);
    let is_round = octets[1..] == [0, 0, 0];
    is_word && (is_round || !(is_host || is_private(octets) || octets[0] > LARGEST))
}

/// `web-01`, `LAPTOP`
fn is_machine(name: &[u8]) -> bool {
    let is_numbered = name.contains(&b'-') && name.last().is_some_and(u8::is_ascii_digit);
    let is_loud = name.len() > 4 && name.iter().all(|b| !b.is_ascii_lowercase());
    is_numbered || is_loud
}

/// Whether the word before is the name of software: `jQuery UI 1.12.1.0`, `linux-image 4.15.0.20`.
fn follows_a_name(before: &[u8], word: &str) -> bool {
    let Some(text) = before.strip_suffix(b" ") else {
        return false;
    };
    let first = text.len()
        - text.iter().rev().take(NAME).take_while(|b| !b" \t\"'([,;".contains(b)).count();
    let name = &text[first..];
    let is_ended = name.last().is_some_and(u8::is_ascii_alphanumeric);
    let is_loud = name.iter().any(u8::is_ascii_uppercase);
    let is_joined =
        name.contains(&b'-') && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
    let is_place = PLACES.contains(&word) || word.ends_with("ed") || word.ends_with("ing");
    let is_assigned = name.contains(&b'=') || name.contains(&b':') || name.contains(&b'@');
    is_ended && (is_loud || is_joined) && !is_place && !is_assigned && !is_machine(name)
}
