//! A payload that is too large: its longest strings are cut until it fits.

use serde_json::Value;

/// The JSON text of `payload`, an object, in at most `most` bytes. All strings are cut to the same
/// length, the longest that fits, so that short ones stay whole. If that is still too large, the
/// members that are largest without their strings are dropped.
pub(super) fn cut(mut payload: Value, most: usize) -> String {
    let fits = |length: usize| shortened(&payload, length).to_string().len() <= most;
    if !fits(0) {
        drop_members(&mut payload, most);
    }
    let fits = |length: usize| shortened(&payload, length).to_string().len() <= most;
    let (mut least, mut too_much) = (0, most + 1);
    while too_much - least > 1 {
        let middle = least + (too_much - least) / 2;
        if fits(middle) {
            least = middle;
        } else {
            too_much = middle;
        }
    }
    shortened(&payload, least).to_string()
}

/// The value with its strings cut to `length` bytes.
fn shortened(value: &Value, length: usize) -> Value {
    match value {
        Value::String(text) => text[..text.floor_char_boundary(length)].into(),
        Value::Array(values) => values.iter().map(|value| shortened(value, length)).collect(),
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| (name.clone(), shortened(value, length));
            Value::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}

/// Drops the largest members until the rest fits with empty strings.
fn drop_members(payload: &mut Value, most: usize) {
    let Value::Object(members) = payload else { return };
    let size = |name: &str, value: &Value| {
        // Two quotes, a colon and a comma.
        Value::from(name).to_string().len() + shortened(value, 0).to_string().len() + 2
    };
    let mut sizes: Vec<_> =
        members.iter().map(|(name, value)| (size(name, value), name.clone())).collect();
    sizes.sort_unstable();
    let mut left = sizes.iter().map(|(size, _)| size).sum::<usize>() + 2;
    while left > most
        && let Some((size, name)) = sizes.pop()
    {
        members.shift_remove(&name);
        left -= size;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_longest_strings_are_cut() {
        let payload =
            json!({"title": "a title", "text": "x".repeat(500), "more": ["ä".repeat(400)], "n": 7});
        let text = cut(payload, 300);
        assert!((290..=300).contains(&text.len()), "{}", text.len());
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&read["title"], &read["n"]), (&json!("a title"), &json!(7)));
        let length = |value: &Value| value.as_str().map_or(0, str::len);
        let (one, other) = (length(&read["text"]), length(&read["more"][0]));
        assert!(one > 100 && one - other <= 1, "{one} {other}");
    }

    #[test]
    fn members_that_are_large_without_strings_go() {
        let numbers: Vec<_> = (0..1_000).collect();
        let text = cut(json!({"url": "/a", "numbers": numbers, "text": "x".repeat(1_000)}), 100);
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read["url"], "/a");
        assert!(read.get("numbers").is_none() && text.len() > 95, "{text}");
        let names: serde_json::Map<_, _> =
            (0..100).map(|n| (format!("{n:05}"), json!(n))).collect();
        let text = cut(Value::Object(names), 64);
        assert!(text.len() <= 64 && text.starts_with('{'), "{text}");
        assert_eq!(cut(json!({"x".repeat(100): 1}), 64), "{}");
    }

    fn payload() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            "(\\PC|[\"\\\\\n]){0,80}".prop_map(Value::from),
        ];
        let value = leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("\\PC{0,8}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        prop::collection::btree_map("[a-z]{1,8}", value, 0..6)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn a_cut_payload_fits_and_is_json(payload in payload(), most in 2_usize..600) {
            let text = cut(payload.clone(), most);
            prop_assert!(text.len() <= most, "{} of {most}", text.len());
            let read: Value = serde_json::from_str(&text).expect("JSON");
            prop_assert!(read.is_object());
            if payload.to_string().len() <= most {
                prop_assert_eq!(read, payload);
            }
        }
    }
}
