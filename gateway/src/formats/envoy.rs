//! The default format of Envoy's access log, and Istio's, which has a few more fields.

use super::entry::Raw;
use super::lines::is_glued;
use super::slot::Slot;
use super::tokens::{Token, is_number, is_status, tokens};
use crate::times;

/// `[time] "request" status flags`, in Istio details of the answer, four numbers, then
/// `"forwarded for" "user agent" "request id" "authority" "upstream"`.
pub(super) fn raw(line: &str) -> Option<Raw<'_>> {
    let (time, after) = line.strip_prefix('[')?.split_once("] ")?;
    times::instant(time)?;
    let tokens = tokens(after)?;
    let [Token::Quoted(request), Token::Word(status), Token::Word(_flags), rest @ ..] = &tokens[..]
    else {
        return None;
    };
    let is_numbers =
        |tokens: &[Token<'_>]| tokens.iter().all(|token| token.word().is_some_and(is_number));
    let numbers = rest.windows(4).position(is_numbers)?;
    let [_received, sent, duration, _service] = rest.get(numbers..numbers + 4)? else {
        return None;
    };
    match &rest[numbers + 4..] {
        [Token::Quoted(_), Token::Quoted(user_agent), Token::Quoted(_), rest @ ..]
            if is_status(status) && numbers <= 4 && !is_glued(rest) =>
        {
            let raw = Raw::of(time, (*request).into(), (*user_agent).into());
            Some(raw.with([
                (Slot::Status, (*status).into()),
                (Slot::Bytes, sent.text().into()),
                (Slot::Host, rest.first().map_or("-", |authority| authority.text()).into()),
                (Slot::Duration, format!("{}ms", duration.text()).into()),
            ]))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::{counts, read};

    #[test]
    fn envoys_and_istios_lines_are_read() {
        let lines = [
            r#"[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80""#,
            r#"[2020-11-25T21:26:18.409Z] "GET /status/418?a HTTP/1.1" 418 - via_upstream - "-" 0 135 3 1 "-" "curl/7.73.0-DEV" "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "127.0.0.1:80" inbound|8000|| 127.0.0.1:41854 10.44.1.27:80 10.44.1.23:37652 outbound_.8000_._.httpbin.foo.svc.cluster.local default"#,
            r#"[2019-03-06T09:31:27.360Z] "GET / HTTP/1.1" 200 - "-" "-" 0 5 12 - "-" "curl/7.60.0" "id" "httpbin:8000" "127.0.0.1:80" outbound|80||httpbin - 10.0.0.1:80 10.0.0.2:1"#,
        ];
        let expected = ["POST /api/v1/locations Other", "GET /status/418 curl", "GET / curl"];
        for (line, expected) in lines.into_iter().zip(expected) {
            assert_eq!(counts(&read("text/plain", line).expect("it is text")), [expected]);
            for cut in 1..line.find("\"cc21").unwrap_or(60) {
                let batch = read("text/plain", &line[..cut]).expect("it is text");
                assert_eq!((batch.entries.len(), batch.rejected), (0, 1), "{}", &line[..cut]);
            }
        }
    }
}
