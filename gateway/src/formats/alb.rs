//! The access logs of AWS's load balancers: Application (ALB) and Classic.

use super::entry::Raw;
use super::lines::is_glued;
use super::slot::Slot;
use super::tokens::{Token, is_number, is_status, tokens};
use crate::times;

/// What may stand first in a line of an ALB.
const TYPES: [&str; 6] = ["http", "https", "h2", "grpcs", "ws", "wss"];
/// How many words there are from the time to the request.
const WORDS: usize = 11;

/// `type time balancer client target three-durations two-statuses two-sizes "request"
/// "user agent"` and more; the classic one has no type.
pub(super) fn raw(line: &str) -> Option<Raw<'_>> {
    let tokens = tokens(line)?;
    let has_type = tokens.first()?.word().is_some_and(|word| TYPES.contains(&word));
    let (words, rest) = tokens[usize::from(has_type)..].split_at_checked(WORDS)?;
    let words: Vec<&str> = words.iter().map(|token| token.word()).collect::<Option<_>>()?;
    let [time, _, client, _, durations @ .., status, target_status, received, sent] = &words[..]
    else {
        return None;
    };
    times::instant(time)?;
    let is_line = client.contains(':')
        && durations.iter().all(|duration| duration.parse::<f64>().is_ok())
        && [status, target_status].iter().all(|status| is_status(status))
        && [received, sent].iter().all(|size| is_number(size));
    match rest {
        [Token::Quoted(request), Token::Quoted(user_agent), rest @ ..]
            if is_line && !is_glued(rest) && has_type == (rest.len() > 2) =>
        {
            let raw = Raw::of(time, (*request).into(), (*user_agent).into());
            Some(raw.with([
                (Slot::Status, (*status).into()),
                (Slot::Bytes, (*sent).into()),
                (Slot::Duration, total(durations).into()),
            ]))
        }
        _ => None,
    }
}

/// The sum of durations in seconds; a negative one is not known.
fn total(durations: &[&str]) -> String {
    let seconds = durations.iter().map(|duration| duration.parse::<f64>().unwrap_or(-1.0));
    let mut seconds = seconds.filter(|seconds| seconds.is_finite());
    let total = seconds.try_fold(0.0, |sum, more| (more >= 0.0).then_some(sum + more));
    total.map_or_else(|| "-".to_owned(), |total| format!("{total}s"))
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::{counts, read};

    const ALB: &str = r#"http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://www.example.com:80/a?b HTTP/1.1" "curl/7.46.0" - - arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-""#;
    const CLASSIC: &str = r#"2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -"#;

    #[test]
    fn lines_of_both_balancers_are_read() {
        for (line, expected) in [(ALB, "GET /a curl"), (CLASSIC, "GET / curl")] {
            assert_eq!(counts(&read("text/plain", line).expect("it is text")), [expected]);
        }
        let refused = ALB
            .replace("10.0.0.1:80 0.000 0.001 0.000 200 200", "- -1 -1 -1 400 -")
            .replace("GET http://www.example.com:80/a?b HTTP/1.1", "- http://x.example:80- -");
        assert_eq!(counts(&read("text/plain", &refused).expect("it is text")), ["unreadable curl"]);
    }

    #[test]
    fn a_torn_line_is_rejected() {
        for cut in 1..ALB.find(" - - arn").expect("its place") {
            let batch = read("text/plain", &ALB[..cut]).expect("it is text");
            assert_eq!((batch.entries.len(), batch.rejected), (0, 1), "{}", &ALB[..cut]);
        }
    }
}
