//! The check for secrets in the query of a URL whose name has other uses too: `code`, `ticket`.

use std::ops::Range;

use super::keys::{looks_random, turns};
use super::named;
use super::values::{is_secret_word, value};

/// The least length of a code, and of what else must look random.
const SHORTEST: usize = 16;
/// The least length of a code for an exchange that names its state.
const SHORTEST_CODE: usize = 8;
/// The length of a UUID.
const UUID: usize = 36;
/// How far around a code its state is looked for, in bytes.
const QUERY: usize = 256;
/// How tickets of CAS begin.
const TICKETS: &[&str] = &["ST-", "PT-", "TGT-", "PGT-", "PGTIOU-"];
/// The least length of a ticket.
const TICKET: usize = 12;
/// Schemes that may come before the credentials.
const SCHEMES: &[&str] = &["basic+", "bearer+", "token+"];
/// How identifiers of a telephony service begin, which are no secrets.
const SERVICE_IDS: &[&str] = &["AC", "CA", "MM", "SM", "PN", "CH"];

/// The value of a parameter, if it is a secret under this name.
pub(crate) fn secret(text: &str, found: Range<usize>) -> Option<Range<usize>> {
    let name = text[found.start + 1..found.end - 1].to_ascii_lowercase();
    if name.contains("sig") || matches!(name.as_str(), "jwt" | "assertion") {
        return named::secret(text, found);
    }
    let end = text[found.end..].find(['?', '#', '&']).map_or(text.len(), |end| found.end + end);
    let own = value(&text[..end], found.end)?;
    let shown = &text[own.clone()];
    let is_secret = match name.as_str() {
        "code" => is_code(shown) || (shown.len() >= SHORTEST_CODE && has_state(text, &found, &own)),
        "ticket" => is_ticket(shown) || is_code(shown),
        "auth" | "sid" | "sessid" => is_drawn(shown) && !is_named(shown),
        "oobcode" | "device_code" | "oauth_verifier" => looks_random(shown),
        _ => shown.len() >= SHORTEST,
    };
    (is_secret && is_secret_word(shown)).then_some(own)
}

/// Whether a value is a code that is changed for a token. A number, the code of an error, and a
/// UUID may be the code of anything.
fn is_code(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && !is_title(value);
    let is_hexadecimal = value.len() >= 20 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_long = value.len() >= SHORTEST && has(u8::is_ascii_digit);
    is_long && has(u8::is_ascii_alphabetic) && (is_mixed || is_hexadecimal || value.len() > UUID)
}

/// `Welcome2025Summer`: capitals begin words.
fn is_title(value: &str) -> bool {
    let bytes = value.as_bytes();
    let is_word = |at: usize| bytes[at..].iter().take(2).filter(|b| b.is_ascii_lowercase()).count();
    let mut capitals = bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
    capitals.all(|(at, _)| is_word(at + 1) == 2)
}

/// Whether the query has the state of the exchange too: `?code=…&state=…`.
fn has_state(text: &str, name: &Range<usize>, value: &Range<usize>) -> bool {
    let is_number = text[value.clone()].bytes().all(|byte| byte.is_ascii_digit());
    let (from, to) = (name.start.saturating_sub(QUERY), (value.end + QUERY).min(text.len()));
    let (from, to) = (text.floor_char_boundary(from), text.floor_char_boundary(to));
    let is_end = |c: char| c.is_whitespace() || "\"'<>".contains(c);
    let before = text[from..name.start].rsplit(is_end).next().unwrap_or("");
    let after = text[value.end..to].split(is_end).next().unwrap_or("");
    !is_number && (after.contains("&state=") || before.contains("state="))
}

/// `ST-1856339-aA5Yuvrxzpv8`, but not `ST-1234`, which a tracker of tasks may call one.
fn is_ticket(value: &str) -> bool {
    value.len() >= TICKET && TICKETS.iter().any(|start| value.starts_with(start))
}

/// Whether a value was drawn by chance. In a name, digits are in one place: `item-2025`.
fn is_drawn(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_long = value.len() >= SHORTEST && is_mixed;
    value.len() >= SHORTEST_CODE
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && (turns(value.as_bytes()) > 1 || is_long)
}

/// Whether a value begins with a scheme, whose credentials another rule finds, or is the id of a
/// telephony service, which is no secret.
fn is_named(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_service = SERVICE_IDS.iter().any(|start| value.starts_with(start)) && value.len() == 34;
    is_service || SCHEMES.iter().any(|start| lower.starts_with(start))
}
