//! Percent-encoded user agents.

use std::borrow::Cow;

/// A user agent that was encoded as a whole, in which there is no blank: CloudFront and Akamai write
/// such ones in their JSON. Where a slash is encoded, a plus sign is a blank.
pub(super) fn agent(text: Cow<'_, str>) -> Cow<'_, str> {
    let has = |piece: &str| text.contains(piece);
    if has(" ") || !has("%") {
        return text;
    }
    if has("%20") || has("%2520") {
        decoded(&decoded(&text)).into()
    } else if has("%2F") || has("%2f") {
        decoded(&text.replace('+', " ")).into()
    } else {
        text
    }
}

/// The text without percent-encoding.
pub(super) fn decoded(text: &str) -> String {
    let hex = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [byte, after @ ..] = rest {
        let pair = match after {
            [high, low, ..] if *byte == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        plain.push(pair.map_or(*byte, |(high, low)| high << 4 | low));
        rest = if pair.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_that_was_encoded_is_decoded() {
        for (text, expected) in [
            (
                "Mozilla%2F5.0+%28X11%3B+rv%3A121.0%29+Firefox%2F121.0",
                "Mozilla/5.0 (X11; rv:121.0) Firefox/121.0",
            ),
            (
                "Mozilla/5.0%20(X11;%20Linux)%20Firefox/121.0",
                "Mozilla/5.0 (X11; Linux) Firefox/121.0",
            ),
            ("Mozilla/5.0%2520(X11)", "Mozilla/5.0 (X11)"),
            ("curl%2F8.4.0", "curl/8.4.0"),
            ("curl/8.4.0", "curl/8.4.0"),
            ("a+b%", "a+b%"),
            ("Mozilla/5.0 (100%20)", "Mozilla/5.0 (100%20)"),
        ] {
            assert_eq!(agent(text.into()), expected, "{text}");
        }
    }
}
