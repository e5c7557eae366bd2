//! Measures redaction on labelled log lines: recall, the share of sensitive spans that it finds,
//! and precision, the share of its matches that are sensitive.

use std::collections::HashSet;
use std::ops::Range;

use common::text::redact::{redact, redact_path, spans};

const LINES: &str = include_str!("data/redaction.tsv");

/// The lowest acceptable precision and recall, over spans.
const FLOOR: f64 = 0.99;
/// The groups that are lines of real logs.
const REAL: [&str; 4] = ["openssh", "linux", "apache", "combined"];

struct Labelled {
    group: &'static str,
    line: String,
    spans: HashSet<Range<usize>>,
}

/// Removes the marks from a labelled line and returns what they mark.
fn read(group: &'static str, labelled: &str) -> Labelled {
    let (mut line, mut spans, mut start) = (String::new(), HashSet::new(), 0);
    for c in labelled.chars() {
        match c {
            '⟦' => start = line.len(),
            '⟧' => drop(spans.insert(start..line.len())),
            '¦' => {}
            _ => line.push(c),
        }
    }
    Labelled { group, line, spans }
}

fn labelled() -> Vec<Labelled> {
    let rows = LINES.lines().filter(|row| !row.starts_with('#'));
    rows.filter_map(|row| row.split_once('\t')).map(|(group, line)| read(group, line)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "some hundreds of spans")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

#[test]
fn precision_and_recall_over_the_labelled_lines_are_high() {
    let (mut right, mut found, mut wanted) = (0, 0, 0);
    for Labelled { line, spans: labels, .. } in labelled() {
        let shown = spans(&line).into_iter().collect::<HashSet<_>>();
        right += shown.intersection(&labels).count();
        found += shown.len();
        wanted += labels.len();
        if shown != labels {
            println!("differs: {line}\n      -> {}", redact(&line).text);
        }
    }
    let (precision, recall) = (share(right, found), share(right, wanted));
    println!("spans {wanted}, precision {precision:.4}, recall {recall:.4}");
    assert!(precision >= FLOOR && recall >= FLOOR, "precision {precision}, recall {recall}");
}

#[test]
fn the_labelled_set_is_large_and_has_lines_of_both_kinds_and_of_real_logs() {
    let lines = labelled();
    let clean = lines.iter().filter(|labelled| labelled.spans.is_empty()).count();
    let real = lines.iter().filter(|labelled| REAL.contains(&labelled.group)).count();
    assert!(lines.len() >= 600 && clean >= 200 && lines.len() - clean >= 200);
    assert!(real * 3 >= lines.len(), "{real} of {} lines are of real logs", lines.len());
}

#[test]
fn a_private_key_is_redacted_whole_wherever_its_text_is_cut() {
    let body = (0..48).map(|n| format!("MIIEow{n:02}{}", "aB3/".repeat(14))).collect::<Vec<_>>();
    let (begin, end) = ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----");
    for before in [0, 10, 900, 1_500, 3_000, 3_990] {
        let head = "a line\n".repeat(before / 7);
        let text = format!("{head}{begin}\n{}\nAb1Cd2==\n{end}\nnext\n", body.join("\n"));
        let shown = redact(&text).text;
        assert!(!shown.contains("aB3") && !shown.contains("Ab1Cd2"), "{before}");
        assert!(shown.contains(end) && shown.ends_with("next\n"), "{before}");
    }
}

#[test]
fn text_of_two_bytes_a_character_is_read_too() {
    let wide =
        "to ann@example.com from 10.0.0.1".chars().flat_map(|c| [c, '\0']).collect::<String>();
    let shown = redact(&wide).text;
    assert!(!shown.contains("e\0x\0a") && !shown.contains("1\0\0"), "{shown:?}");
    assert_eq!(redact(&wide).count, 2);
}

#[test]
fn a_path_keeps_all_but_what_is_personal() {
    for (path, shown) in [
        ("/unsubscribe/ann@example.com", "/unsubscribe/[REDACTED]"),
        (
            "/unsubscribe/ann%40example.com/reset/4f9aB2c81d77e0a6b3",
            "/unsubscribe/[REDACTED]/reset/[REDACTED]",
        ),
        ("/img/logo@2x.png", "/img/logo@2x.png"),
        ("/users/42/orders/20250501-0042", "/users/42/orders/20250501-0042"),
        ("?q=a&password=hunter2", "?q=a&password=[REDACTED]"),
        ("/v1.2.3.4/lib-1.2.3.4.js", "/v1.2.3.4/lib-1.2.3.4.js"),
    ] {
        assert_eq!(redact_path(path), shown);
    }
}

/// What looks most like a match without being one, or is one right beside the next.
const WORST: &[&str] = &[
    "::fe80::1",
    "'::fe80::1'",
    "1::2",
    "1:2:3:4 ",
    "1.1.1.1.",
    "1-2-3-4",
    "a-1-2-3-4.b.c",
    "1.2.3.4.b.c.",
    "123456789012",
    "10.0.0.1 ",
    "a@",
    "a.b@c.d",
    "555-0199",
    "415-555-2671-",
    "0044 20 ",
    "phone 1-",
    "123-45-6789",
    "AB12",
    "4111 1111 1111 1111 ",
    "1 2 3 4 5 6 ",
    "411111111111111",
    "password=",
    "password=${",
    "token token:",
    "authorization:",
    "sk-a-b-c-1",
    "Cookie: a=b;Cookie:",
    "a://b:c",
    "postgres://a:b@c ",
    "@a:11:",
    "cvv=1",
    "eyJ",
    "Ab1",
    "%40",
    "%2540",
    "\\u0040",
    "&#64;",
    "０９０－",
    "-----BEGIN PRIVATE KEY-----",
    "138 0013 8000/",
    "ip-10-0-0-1.ec2.internal",
    "tsk-",
    "sk-_",
    "sk-proj-_",
    "PWD=/",
    "bearer=",
    "?sig=",
    "oci",
    "cio",
    "AKI",
    "hf_",
    "rhost=220-135-151-1.",
    "0044 20/0044 ",
    "00442079460958 ",
    "020 7946 0958-",
    "\"name\":\"password\",",
    "name=token value",
    "(\"token\", ",
    "(\"token\", \"",
    "s:8:\"token\";s:7:",
    "password a: ",
    "generated password a: ",
    "curl -b 'a=b ",
    " -ua:",
    "curl a ",
    "curl -b a ",
    "curl -u",
    "<apikey>",
    "<key>token</key><value>",
    "pwd={",
    "\\/",
    "phone is 1",
    "sms to 1",
    "\"phone\":{\"number\":",
    "phone=4155552671,",
    "\"phone\",",
    "token=[\"a\",\"",
    "token=[",
    "set-cookie:[a=b;",
    "set-cookie:[\"a=b\",",
    "password                                ",
    "/phones/1",
    "machine a login b password ",
    "password='a''b",
    "token=\"is too ",
    "arn:a:secret:",
    "ENV A",
    "rabbit@a.b.c ",
    "a/b:1.2.3.4 ",
    "\\1.2.3.4\\",
    "a.b:c:d:1.2.3.4:",
    "Authorization: abc12345 ",
    "http://a:b@",
    "http://a:b@c/",
    "a://b:c@d",
    "4111+1111+",
    "5180 5200 ",
    "4012/8888/",
    "4111 1111 1111 1111 5555 5555 5555 4444 ",
    "cookies:{a:",
    "cookies:{a:'b',",
    "cookie[a]=",
    "?code=a&state=",
    "&code=abcdefgh",
    "&sid=a1b2",
    "pass: '",
    "[pass] => ",
    "/reset/M1/",
    "/reset/M1/5y4-0123456789ab",
    "a/b@c",
    "oracle a/b@c:1521/",
    "Api-Token 9f86d081884c7d65",
    "key-a1b2c3",
    "docker172.17.0.2",
    "_1_2_3_4",
    "ip_10_20_30_40.",
    "10[.]0[.]0[.]1",
    "[.]",
    "PORT 1,2,3,4,5,6",
    "SIP/4155552671-",
    "sip:4155552671",
    "ani ",
    "callerid=\"a\" <4155552671",
    "from number ",
    "libc6 (1.2.3.4) ",
    "com.a.b 21.2.3.4 ",
    "aes256@openssh.com ",
];
/// The most work on the worst input, as a multiple of the work on ordinary text of the same form:
/// one long line.
const MOST: f64 = 4.0;
/// How often each text is measured. What else the machine does only adds time, so the least counts.
const ROUNDS: usize = 3;
/// The length of a text, in bytes.
const LENGTH: usize = 64 << 10;

/// The time that this thread has worked, in seconds: what other threads do does not count.
fn worked() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// The work on a text.
fn work(text: &str) -> f64 {
    let start = worked();
    std::hint::black_box(redact(text));
    worked() - start
}

/// How much more work the text is than as much of ordinary text. The two are measured by turns, so
/// that a slow moment of the machine meets both.
fn ratio(ordinary: &str, text: &str) -> f64 {
    let least = (0..ROUNDS).map(|_| (work(ordinary), work(text)));
    let (plain, hard) =
        least.fold((f64::MAX, f64::MAX), |least, now| (least.0.min(now.0), least.1.min(now.1)));
    hard / text.len() as f64 * ordinary.len() as f64 / plain
}

#[test]
fn the_work_on_the_worst_input_is_a_small_multiple_of_that_on_ordinary_text() {
    let ordinary = labelled().into_iter().filter(|labelled| REAL.contains(&labelled.group));
    let ordinary = ordinary.map(|labelled| labelled.line + " ").collect::<String>();
    let ordinary = ordinary.repeat(LENGTH / ordinary.len() + 1);
    let ordinary = &ordinary[..ordinary.floor_char_boundary(LENGTH)];
    for unit in WORST {
        let ratio = ratio(ordinary, &unit.repeat(LENGTH / unit.len()));
        println!("{ratio:6.2} {unit:?}");
        assert!(ratio < MOST, "{unit:?} takes {ratio:.1} times the work");
    }
}
