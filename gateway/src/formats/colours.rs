//! Colours, which programs write into the lines of a terminal, and shippers ship.

/// What begins a control sequence.
const ESCAPE: char = '\u{1b}';

/// The line without its control sequences, if it has any: `ESC [`, parameters, and a letter.
pub(super) fn without(line: &str) -> Option<String> {
    let (first, rest) = line.split_once(ESCAPE)?;
    let mut plain = first.to_owned();
    rest.split(ESCAPE).for_each(|piece| plain.push_str(behind(piece)));
    Some(plain)
}

/// What follows the sequence at the start of a piece.
fn behind(piece: &str) -> &str {
    let Some(rest) = piece.strip_prefix('[') else { return piece };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || "?;:".contains(c));
    rest.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::tests::{counts, read};

    #[test]
    fn sequences_are_taken_out_and_nothing_else() {
        for (line, plain) in [
            ("\u{1b}[33mGET\u{1b}[0m", "GET"),
            ("a\u{1b}[1;38;5;208mb\u{1b}[Kc\u{1b}[m", "abc"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("\u{1b}]a", "]a"),
            ("[0m\u{1b}[é", "[0mé"),
        ] {
            assert_eq!(without(line).as_deref(), Some(plain), "{line:?}");
        }
        assert_eq!(without("[33mGET[0m"), None);
    }

    #[test]
    fn a_line_in_colours_is_read() {
        let lines = [
            "127.0.0.1 - - [17/May/2025 10:05:03] \"\u{1b}[33mGET /a HTTP/1.1\u{1b}[0m\" 404 -",
            "\u{1b}[32m1.2.3.4 - - [17/May/2025:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 5\u{1b}[0m",
            "\u{1b}[36mweb_1 | \u{1b}[0m1.2.3.4 - - [17/May/2025:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 5",
            "\u{1b}[36mweb-1  |\u{1b}[0m {\"ts\":1431857103,\"method\":\"GET\",\"path\":\"/a\"}",
        ];
        for line in lines {
            assert_eq!(
                counts(&read("text/plain", line).expect("text")),
                ["GET /a Other"],
                "{line}"
            );
        }
        let json = r#"{"log":"127.0.0.1 - - [17/May/2025 10:05:03] \"\u001b[33mGET /a HTTP/1.1\u001b[0m\" 404 -"}"#;
        assert_eq!(counts(&read("application/json", json).expect("JSON")), ["GET /a Other"]);
    }
}
