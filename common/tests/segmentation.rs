//! Checks the cutting of texts on hostile input: nothing is lost, no part is too long, and the
//! redacted parts joined are the redacted text.

use common::text::redact::{MARK, redact, spans};
use common::text::segment::{MAX_CHARACTERS, segment};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const SENSITIVE: &[&str] = &[
    "555-0199",
    "(415) 555-2671",
    "415.555.2671",
    "+44 20 7946 0958",
    "+442079460958",
    "0044 20 7946 0958",
    "06 12 34 56 78",
    "a@b.co",
    "first.last+tag@sub.example.org",
    "jörg@müller.de",
    "bob%40example.com",
    "192.168.0.1",
    "2001:db8::1",
    "::ffff:192.0.2.128",
    "4111 1111 1111 1111",
    "4012888888881881",
    "123-45-6789",
    "DE89 3704 0044 0532 0130 00",
    "Authorization: Bearer abc.def-ghi",
    "Bearer 2YotnFZFEjr1zCsicMWpAA",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
    "AKIAIOSFODNN7EXAMPLE",
    "sk-proj-Ab12Cd34Ef56Gh78Ij90",
    "phone=4155552671",
    "password=hunter2",
    "postgres://ann:hunter2@db:5432/app",
    "Cookie: sid=abc123; theme=dark",
    "X-Api-Key: 9f86d081884c7d659a2feaa0c55ad015",
    "220-135-151-1.hinet.example.net",
    "ann%2540example.com",
    "用户@例子.公司",
    "０９０－１２３４－５６７８",
    "4111\u{a0}1111\u{a0}1111\u{a0}1111",
    r#"{"name":"DB_PASSWORD","value":"hunter2"}"#,
    r#"{"token":["abc123def","def456abc"]}"#,
    r#""set-cookie":["sid=abc123; Path=/","b=c2"]"#,
    "(b'cookie', b'sid=abc123')",
    "s:8:\"password\";s:7:\"hunter2\";",
    "Generated password for user admin: abcDEF123456",
    "curl -b 'session=abc123def456'",
    "phone=4155552671,4155552672",
    "PWD={hunter2};",
    "DB_PASSWORD:      hunter2",
    r"https:\/\/ann:hunter2@git.example.com\/x",
    "Authorization: f3b1c2d4e5a60718",
];

const OTHER: &[&str] = &[
    "2025-05-01T10:00:00Z",
    "v1.2.3.4",
    "version ",
    "order ",
    "550e8400-e29b-41d4-a716-446655440000",
    "12:30:45",
    "QmFzZTY0IGlzIG5vdCBzZWNyZXQ/",
    "[REDACTED]",
    "Bearer ",
    "phone: ",
    "é",
    "漢字",
    "😀",
    "\u{301}",
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    "",
    "-",
    ".",
    ":",
    "@",
    "+",
    "(",
    ")",
    "/",
    "%40",
    "=",
    "\"",
    "0",
    "1",
    "555",
    "xyz",
    "_",
];

/// A piece of a sensitive value, or all of it.
fn fragment() -> impl Strategy<Value = String> {
    (select(SENSITIVE), any::<Index>(), any::<Index>(), 0..3_u8).prop_map(|(value, a, b, kind)| {
        let marks = value.chars().collect::<Vec<_>>();
        let (a, b) = (a.index(marks.len() + 1), b.index(marks.len() + 1));
        match kind {
            0 => marks[a.min(b)..a.max(b)].iter().collect(),
            _ => value.to_owned(),
        }
    })
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => fragment(),
        3 => select(OTHER).prop_map(str::to_owned),
        1 => "[0-9.:-]{1,12}",
        1 => "[A-Za-z0-9+/_-]{1,40}",
        1 => "\\PC{0,6}",
    ]
}

/// A few pieces repeated, with no line end unless a piece has one.
fn repeated() -> impl Strategy<Value = String> {
    (vec(piece(), 1..4), 1..12_000_usize).prop_map(|(pieces, length)| {
        let unit = pieces.concat();
        let times = if unit.is_empty() { 0 } else { length / unit.chars().count() + 1 };
        unit.repeat(times).chars().take(length).collect()
    })
}

/// A few pieces after filler, so that they are right at the first cut.
fn about_the_cut() -> impl Strategy<Value = String> {
    let filler = prop_oneof![select(vec!["x", "7", "é", "-", " ", "a.", "=", ":", "1-"])];
    (filler, MAX_CHARACTERS - 80..MAX_CHARACTERS + 5, vec(piece(), 1..8), 0..5_000_usize).prop_map(
        |(filler, before, pieces, after)| {
            let head = filler.repeat(before).chars().take(before).collect::<String>();
            head + &pieces.concat() + &filler.repeat(after)
        },
    )
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        repeated(),
        about_the_cut(),
        vec(piece(), 0..1_500).prop_map(|pieces| pieces.concat()),
        vec(repeated(), 1..4).prop_map(|lines| lines.join("\n")),
        "[0-9]{3990,8010}",
        "[A-Za-z0-9+/]{3990,9000}",
        any::<String>(),
    ]
}

fn redacted_in_parts(text: &str) -> (String, usize) {
    let parts = segment(text).into_iter().map(redact).collect::<Vec<_>>();
    let count = parts.iter().map(|part| part.count).sum();
    (parts.into_iter().map(|part| part.text).collect(), count)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_parts_joined_are_the_text(text in hostile()) {
        prop_assert_eq!(segment(&text).concat(), text);
    }

    #[test]
    fn no_part_is_longer_than_the_limit_and_none_is_empty(text in hostile()) {
        let parts = segment(&text);
        prop_assert!(parts.iter().all(|part| part.chars().count() <= MAX_CHARACTERS));
        prop_assert!(text.is_empty() || parts.iter().all(|part| !part.is_empty()));
    }

    #[test]
    fn redacted_parts_joined_are_the_redacted_text(text in hostile()) {
        let whole = redact(&text);
        prop_assert_eq!(redacted_in_parts(&text), (whole.text, whole.count));
    }

    #[test]
    fn redacted_lines_joined_are_the_redacted_text(lines in vec(vec(piece(), 0..12), 0..40)) {
        let text = lines.iter().map(|line| line.concat() + "\n").collect::<String>();
        let by_line = text.split_inclusive('\n').map(|line| redact(line).text);
        prop_assert_eq!(by_line.collect::<String>(), redact(&text).text);
    }

    #[test]
    fn the_spans_are_in_order_and_within_lines(text in hostile()) {
        let found = spans(&text);
        prop_assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
        prop_assert!(found.iter().all(|span| !text[span.clone()].contains(['\r', '\n'])));
        prop_assert_eq!(found.len(), redact(&text).count);
    }

    #[test]
    fn redacted_text_contains_no_match(pieces in vec(piece(), 0..60)) {
        let once = redact(&pieces.concat());
        prop_assert_eq!(redact(&once.text).text, once.text);
    }

    #[test]
    fn a_cut_never_hides_a_value_that_stands_apart(
        value in select(SENSITIVE),
        filler in select(vec!["lorem ipsum ", "7, ", "é;", "漢", "| "]),
        before in MAX_CHARACTERS - 60..MAX_CHARACTERS + 10,
    ) {
        let head = filler.repeat(before).chars().take(before).collect::<String>();
        let text = format!("{head} {value} {filler}");
        let shown = redact(&text).text;
        let tail = value.rsplit([' ', '=']).next().unwrap_or(value);
        prop_assert!(shown.contains(MARK) && !shown.contains(tail), "{}", &shown[head.len()..]);
    }
}

#[test]
fn a_text_that_fits_is_one_part() {
    let text = "é".repeat(MAX_CHARACTERS);
    assert_eq!(segment(&text), [text.as_str()]);
    assert_eq!(segment(""), [""]);
}

#[test]
fn a_cut_is_made_after_the_last_line_end_within_the_part() {
    let text = "a line of the log\n".repeat(500);
    let parts = segment(&text);
    assert!(parts.iter().all(|part| part.ends_with('\n')));
    assert_eq!(parts[0].len(), MAX_CHARACTERS / 18 * 18);
}

#[test]
fn a_line_is_not_cut_for_the_short_lines_before_it() {
    let text = format!("{}\n{}", "a".repeat(3_000), "b".repeat(3_000));
    assert_eq!(segment(&text)[1], "b".repeat(3_000));
}

#[test]
fn a_match_across_the_limit_moves_to_the_next_part() {
    for before in MAX_CHARACTERS - 40..=MAX_CHARACTERS + 1 {
        let text = format!("{},+442079460958,{}", "漢".repeat(before), "漢".repeat(100));
        let expected = format!("{},{MARK},{}", "漢".repeat(before), "漢".repeat(100));
        assert_eq!(redact(&text).text, expected);
    }
}

#[test]
fn no_end_of_a_token_longer_than_a_part_stays_readable() {
    for length in [3_990, 4_001, 4_020, 4_400, 4_512, 4_600, 8_100, 10_000] {
        let text = format!("Authorization: Bearer {}", "aB3x".repeat(length / 4));
        assert!(!redact(&text).text.contains("aB3x"), "{length}");
    }
}

#[test]
fn a_line_end_of_two_characters_is_not_split() {
    let text = format!("{}\r\nnext", "x".repeat(MAX_CHARACTERS - 1));
    assert!(segment(&text).iter().all(|part| !part.ends_with('\r')));
}
