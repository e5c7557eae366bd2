//! The server access log of Amazon S3.

use super::entry::Raw;
use super::lines::{is_glued, words};
use super::slot::Slot;
use super::tokens::{is_number, is_status, tokens, unescaped};
use crate::times;

/// The place of the host after the user agent: version, id, signature, cipher and authentication
/// stand between them.
const HOST: usize = 5;

/// `owner bucket [time] address requester id operation key "request" status error sizes durations
/// "referer" "user agent"` and more. A quoted field that is missing is a bare hyphen.
pub(super) fn raw(line: &str) -> Option<Raw<'_>> {
    let ([_owner, _bucket], after) = words(line)?;
    let (time, after) = after.strip_prefix('[')?.split_once("] ")?;
    times::instant(time)?;
    let ([_address, _requester, _id, operation, _key], after) = words(after)?;
    let tokens = tokens(after)?;
    let [request, status, _error, bytes, size, total, turn, referer, user_agent, rest @ ..] =
        &tokens[..]
    else {
        return None;
    };
    let numbers = [bytes, size, total, turn];
    let is_line = operation.contains('.')
        && status.word().is_some_and(is_status)
        && numbers.iter().all(|number| number.word().is_some_and(is_number))
        && [request, user_agent].iter().all(|text| text.word().is_none_or(|word| word == "-"));
    if !is_line || is_glued(rest) {
        return None;
    }
    let host = rest.get(HOST).map_or("-", |host| host.text());
    let raw = Raw::of(time, unescaped(request.text()), unescaped(user_agent.text()));
    Some(raw.with([
        (Slot::Status, status.text().into()),
        (Slot::Bytes, bytes.text().into()),
        (Slot::Referer, unescaped(referer.text())),
        (Slot::Host, host.into()),
        (Slot::Duration, format!("{}ms", total.text()).into()),
    ]))
}

#[cfg(test)]
mod tests {
    use crate::formats::tests::{counts, read};

    const LINE: &str = r#"79a59df900b949e55d96a1e698fbaced amzn-s3-demo-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a59df900b949e55d96a1e698fbaced 3E57427F3EXAMPLE REST.GET.OBJECT a.png "GET /amzn-s3-demo-bucket1/a.png?versioning HTTP/1.1" 200 - 113 - 7 - "-" "curl/7.15.1" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 - -"#;

    #[test]
    fn a_line_is_read() {
        let batch = read("text/plain", LINE).expect("it is text");
        assert_eq!(counts(&batch), ["GET /amzn-s3-demo-bucket1/a.png curl"]);
        let expired = LINE
            .replace("\"GET /amzn-s3-demo-bucket1/a.png?versioning HTTP/1.1\" 200", "- -")
            .replace("REST.GET.OBJECT", "S3.EXPIRE.OBJECT")
            .replace("\"-\" \"curl/7.15.1\"", "- -");
        let batch = read("text/plain", &expired).expect("it is text");
        assert_eq!(counts(&batch), ["unreadable Other"]);
    }

    #[test]
    fn a_torn_line_is_rejected() {
        for cut in 1..LINE.find(" - s9lz").expect("its place") {
            let batch = read("text/plain", &LINE[..cut]).expect("it is text");
            assert_eq!((batch.entries.len(), batch.rejected), (0, 1), "{}", &LINE[..cut]);
        }
    }
}
