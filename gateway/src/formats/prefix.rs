//! What a syslog daemon or a container's runtime puts before a line.

use crate::times;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// The longest name of a container or a program.
const MAX_NAME_BYTES: usize = 128;

/// The line without the outermost prefix; `None` if it has no prefix.
pub(super) fn without(line: &str) -> Option<&str> {
    let rest = counted(line)
        .or_else(|| priority(line))
        .or_else(|| structured(line))
        .or_else(|| dated(line))
        .or_else(|| container(line))
        .or_else(|| tagged(line))?;
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    (rest.len() < line.len()).then_some(rest)
}

/// The length of a message in RFC 6587: `123 <134>…`.
fn counted(line: &str) -> Option<&str> {
    let (length, rest) = line.split_once(' ')?;
    (is_digits(length) && rest.starts_with('<')).then_some(rest)
}

/// `<134>`.
fn priority(line: &str) -> Option<&str> {
    let (priority, rest) = line.strip_prefix('<')?.split_once('>')?;
    (is_digits(priority) && priority.len() <= 3).then_some(rest)
}

/// RFC 5424: version, time, host, program, process, message id, structured data.
fn structured(line: &str) -> Option<&str> {
    let mut words = line.splitn(7, ' ');
    let (version, time) = (words.next()?, words.next()?);
    let is_time = time == "-" || times::instant(time).is_some();
    if version != "1" || !is_time {
        return None;
    }
    let mut rest = words.nth(4)?;
    if let Some(rest) = rest.strip_prefix('-') {
        return Some(rest);
    }
    while rest.starts_with('[') {
        rest = element(rest)?;
    }
    Some(rest)
}

/// What follows an element of structured data; a bracket in its texts is escaped or quoted.
fn element(text: &str) -> Option<&str> {
    let (mut is_text, mut is_escaped) = (false, false);
    let end = text.bytes().position(|byte| {
        let is_end = byte == b']' && !is_text && !is_escaped;
        is_text ^= byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some(&text[end + 1..])
}

/// RFC 3164 and what containers write: `May 17 10:05:03 host program[1]: `, also with a time of RFC
/// 3339; `time stdout F `.
fn dated(line: &str) -> Option<&str> {
    let rest = clock(line).or_else(|| {
        let (time, rest) = line.split_once(' ')?;
        (time.contains('T') && times::instant(time).is_some()).then_some(rest)
    })?;
    let rest = rest.trim_start();
    let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    if matches!(word, "stdout" | "stderr") {
        return behind.strip_prefix("F ").or_else(|| behind.strip_prefix("P ")).or(Some(behind));
    }
    if is_tag(word) || behind.starts_with('{') {
        return Some(behind);
    }
    match behind.trim_start().split_once(' ') {
        Some((tag, behind)) if is_tag(tag) => Some(behind),
        _ => Some(rest),
    }
}

/// What follows `May 17 10:05:03 `.
fn clock(line: &str) -> Option<&str> {
    let (time, rest) = line.split_at_checked(15)?;
    let (month, day) = (time.get(..3)?, time.get(4..6)?.trim_start());
    let is_clock = time
        .get(7..)?
        .bytes()
        .enumerate()
        .all(|(at, byte)| if at % 3 == 2 { byte == b':' } else { byte.is_ascii_digit() });
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let is_time = MONTHS.contains(&month) && is_digits(day) && is_clock;
    if is_time { rest.strip_prefix(' ') } else { None }
}

/// `web-1  | ` of a composition, `[pod/web/nginx] ` of a cluster.
fn container(line: &str) -> Option<&str> {
    if line.starts_with("[pod/") {
        return line.split_once("] ").map(|(_, rest)| rest);
    }
    let (name, rest) = line.split_once("| ")?;
    let name = name.trim_end();
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    (!name.is_empty() && name.len() <= MAX_NAME_BYTES && is_name).then_some(rest)
}

/// `nginx: `, `haproxy[14389]: `.
fn tagged(line: &str) -> Option<&str> {
    let (tag, rest) = line.split_once(' ')?;
    is_tag(tag).then_some(rest)
}

fn is_tag(word: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"@._-/()[]".contains(&byte);
    let name = word.strip_suffix(':').unwrap_or_default();
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_name)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tests::{counts, read};

    const PREFIXES: [&str; 19] = [
        "<134>May 17 10:05:03 web1 nginx: ",
        "<134>May  7 10:05:03 web1 nginx[123]: ",
        "May 17 10:05:03 web1 nginx: ",
        "May 17 10:05:03.123 web1 nginx: ",
        "May 17 10:05:03 nginx: ",
        "2025-05-17T10:05:03.123456+02:00 web1 nginx[12]: ",
        "<134>1 2025-05-17T10:05:03.123Z web1 nginx 12 ID47 - ",
        "<134>1 2025-05-17T10:05:03Z web1 nginx - - [a@1 b=\"c \\\" ] d\"][e@1] \u{feff}",
        "1 2025-05-17T10:05:03Z web1 nginx - - - ",
        "163 <134>1 2025-05-17T10:05:03Z web1 nginx - - - ",
        "2025-05-17T10:05:03.123456789Z stdout F ",
        "2025-05-17T10:05:03.123456789Z stderr F ",
        "2025-05-17T10:05:03.123456789Z ",
        "2025-05-17T10:05:03.123456+00:00 app[web.1]: ",
        "web-1  | ",
        "web_1 | ",
        "[pod/web-7f/nginx] ",
        "nginx: ",
        "May 17 10:05:03 node1 kubelet[9]: 2025-05-17T10:05:03.1Z stdout F ",
    ];

    #[test]
    fn a_line_behind_any_prefix_is_read() {
        let lines = [
            r#"1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl/8.4.0""#,
            r#"{"ts": 1431857103, "method": "GET", "path": "/a", "userAgent": "curl/8.4.0"}"#,
            r#"[2015-05-17T10:05:03Z] "GET /a HTTP/2" 204 - 154 0 226 100 "-" "curl/8.4.0" "1" "a" "b""#,
        ];
        for (prefix, line) in PREFIXES.iter().flat_map(|prefix| lines.map(|line| (prefix, line))) {
            let batch = read("text/plain", &format!("{prefix}{line}")).expect("it is text");
            assert_eq!(counts(&batch), ["GET /a curl"], "{prefix}{line}");
            assert_eq!(batch.entries[0].at.timestamp(), 1_431_857_103, "{prefix}{line}");
        }
    }

    #[test]
    fn other_lines_have_no_prefix() {
        for line in
            ["", "hello", "hello world", "<x>hello", "1.2.3.4 - -", "May 17 hello", "a b | c"]
        {
            assert_eq!(without(line), None, "{line}");
        }
    }
}
