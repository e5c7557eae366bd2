//! What a rejected entry says about who sent the request: the name of the client's host and of its user
//! are no addresses, so they are found by their places, by their forms, and by the names of their fields.

use std::borrow::Cow;

use crate::named_values;
use crate::personal_names::HIDDEN;

/// Stands for what is before the time of a line.
const UNKNOWN: &str = "[REDACTED] - - ";
/// The services of AWS whose resources are users and what they act as.
const USER_SERVICES: [&str; 2] = [":iam:", ":sts:"];

/// The text of a rejected entry without its client and its user.
pub(crate) fn without_people(text: &str) -> Cow<'_, str> {
    let text = named_values::without_people(text);
    match words_without_people(&text) {
        Some(shown) => without_head(&shown).into_owned().into(),
        None => match text {
            Cow::Borrowed(text) => without_head(text),
            Cow::Owned(text) => without_head(&text).into_owned().into(),
        },
    }
}

/// The text without the words whose form tells a user; `None` if there is no such word.
fn words_without_people(text: &str) -> Option<String> {
    if !text.contains('\\') && !text.contains("arn:") {
        return None;
    }
    // In JSON, a backslash is escaped, and a single one begins an escape.
    let slash = if text.starts_with(['{', '[', '"']) { "\\\\" } else { "\\" };
    let is_border = |c: char| c.is_whitespace() || "\"',;|()[]{}<>=".contains(c);
    let shown = |word: &str| {
        let border = word.len() - word.chars().next_back().map_or(0, char::len_utf8);
        let (bare, border) =
            if word.ends_with(is_border) { word.split_at(border) } else { (word, "") };
        let is_person = is_account(bare, slash) || is_user_arn(bare);
        format!("{}{border}", if is_person { HIDDEN } else { bare })
    };
    Some(text.split_inclusive(is_border).map(shown).collect())
}

/// Whether a word is the account of a domain: `CONTOSO\ann`.
fn is_account(word: &str, slash: &str) -> bool {
    let is_part = |part: &str| {
        let is_plain = |c: char| c.is_alphanumeric() || "._-$".contains(c);
        !part.is_empty() && part.chars().all(is_plain)
    };
    let Some((domain, user)) = word.split_once(slash) else { return false };
    let domain = domain.rsplit(':').next().unwrap_or_default();
    is_part(domain) && is_part(user.trim_start_matches('\\'))
}

/// Whether a word is the name of a user in AWS: `arn:aws:iam::1:user/ann`.
fn is_user_arn(word: &str) -> bool {
    word.starts_with("arn:") && USER_SERVICES.iter().any(|service| word.contains(service))
}

/// A line of a server without what stands before its time. A torn one may have no time.
fn without_head(text: &str) -> Cow<'_, str> {
    let time = text.match_indices('[').map(|(at, _)| at).find(|at| is_time(&text[at + 1..]));
    let time = time.or_else(|| text.find('[').filter(|at| is_head(&text[..*at])));
    match time.or_else(|| torn(text)) {
        Some(at) => {
            format!("{}{UNKNOWN}{}", &text[..start_of_line(&text[..at])], &text[at..]).into()
        }
        None => text.into(),
    }
}

/// The start of a line that may be within a text of JSON.
fn start_of_line(head: &str) -> usize {
    if !head.trim_start().starts_with('{') {
        return 0;
    }
    let is_open = |at: &usize| !head[..*at].ends_with('\\');
    let mut quotes = head.rmatch_indices('"').map(|(at, _)| at);
    quotes.find(is_open).map_or(0, |at| at + 1)
}

/// What follows the user's name in a line without brackets, whose first word may be a host.
fn torn(text: &str) -> Option<usize> {
    let host = text.split(' ').next()?;
    let is_host = host.contains(['.', ':', '-']) || host.contains(|c: char| c.is_ascii_digit());
    let rest = text[host.len()..].strip_prefix(" - ").filter(|_| is_host && !host.contains('"'))?;
    let user = rest.split_once(' ').map_or(rest.len(), |(user, _)| user.len() + 1);
    Some(text.len() - rest.len() + user)
}

/// Whether a text begins with a day: `17/May/2025` or `2025-05-17`.
fn is_time(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match (digits, &text.as_bytes()[digits..]) {
        (2, [b'/', month, ..]) => month.is_ascii_alphabetic(),
        (4, [b'-' | b'/', ..]) => true,
        _ => false,
    }
}

/// Whether a text is a client, its identity and its user.
fn is_head(text: &str) -> bool {
    text.split_ascii_whitespace().nth(1) == Some("-") && text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_the_time_of_a_line_is_not_kept() {
        let kept = r#"[17/May/2025:10:05:03 +0000] "GET /a HTTP/1.1" 200 5 https://x "UA""#;
        for head in [
            "pc-frank.corp.example.com - frank.miller ",
            "www.example.com:80 pc-frank.corp - frank ",
            "May 17 10:05:03 web1 nginx: pc-frank - frank ",
            "pc-frank - frank[1] ",
            "",
        ] {
            assert_eq!(
                without_people(&format!("{head}{kept}")),
                format!("{UNKNOWN}{kept}"),
                "{head}"
            );
        }
        for (line, expected) in [
            ("pc-frank - frank [yesterday] \"GET", "[REDACTED] - - [yesterday] \"GET"),
            ("pc-frank:80 [2025-05-17T10:05:03] x", "[REDACTED] - - [2025-05-17T10:05:03] x"),
            ("host \"frank miller\" - [17/May/2025:10", "[REDACTED] - - [17/May/2025:10"),
            ("pc-frank.corp - frank.mil", "[REDACTED] - - "),
            ("pc-frank.corp - frank x", "[REDACTED] - - x"),
            (
                r#"{"log":"pc \"frank\" - [17/May/2025:10"#,
                r#"{"log":"[REDACTED] - - [17/May/2025:10"#,
            ),
            (r#"{"log":"pc - frank [17/May/2025:10"#, r#"{"log":"[REDACTED] - - [17/May/2025:10"#),
        ] {
            assert_eq!(without_people(line), expected);
        }
    }

    #[test]
    fn users_and_clients_in_json_are_not_kept() {
        for (json, expected) in [
            (
                r#"{"timestamp":"bad","path":"/a","remote_user":"frank.miller","user":"frank.miller"}"#,
                r#"{"timestamp":"bad","path":"/a","remote_user":"[REDACTED]","user":"[REDACTED]"}"#,
            ),
            (r#"{"user" : {"name":"frank"}, "a":1}"#, r#"{"user" : "[REDACTED]", "a":1}"#),
            (r#"{"Client-IP":5}"#, r#"{"Client-IP":"[REDACTED]"}"#),
            (r#"{"x_forwarded_for":["a","b"],"b":2}"#, r#"{"x_forwarded_for":"[REDACTED]","b":2}"#),
            (r#"{"user":"fra\"nk","b":2}"#, r#"{"user":"[REDACTED]","b":2}"#),
            (
                r#"{"log":"pc - frank [17/May/2025:10:05:03]","user":"frank"}"#,
                r#"{"log":"[REDACTED] - - [17/May/2025:10:05:03]","user":"[REDACTED]"}"#,
            ),
            (r#"{"user.name":"fran"#, r#"{"user.name":"[REDACTED]""#),
        ] {
            assert_eq!(without_people(json), expected);
        }
    }

    #[test]
    fn users_are_found_by_the_form_of_their_names() {
        for (text, expected) in [
            (
                r"2025-05-17 10:05:03 10.0.0.5 GET / - 80 CONTOSO\annuser 10.0.0.7 x",
                "2025-05-17 10:05:03 10.0.0.5 GET / - 80 [REDACTED] 10.0.0.7 x",
            ),
            (r#"a,"corp.example\ann-user",b"#, r#"a,"[REDACTED]",b"#),
            (r#"{"note":"by CONTOSO\\annuser"}"#, r#"{"note":"by [REDACTED]"}"#),
            ("79a5 bucket x arn:aws:iam::1:user/annuser 3E57", "79a5 bucket x [REDACTED] 3E57"),
            (r#"{"by":"arn:aws-cn:sts::1:assumed-role/admin/annuser"}"#, r#"{"by":"[REDACTED]"}"#),
        ] {
            assert_eq!(without_people(text), expected);
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in [
            "",
            "\"",
            "hello",
            "time,status",
            "worker [main] started",
            "a - b",
            "pool [2/5] and worker [12/20] failed",
            "error - not found",
            "pc-1",
            r#"{"user_agent":"curl/8.5.0","path":"/user","note":"user: x"}"#,
            r#"{"tags":["user"],"a":[1,2]}"#,
            r#"{"user"#,
            r"C:\logs\access.log",
            r#"\x16\x03 "\x16\x03""#,
            r#"{"note":"first\nsecond"}"#,
            "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/1",
        ] {
            assert_eq!(without_people(text), text);
        }
    }
}
