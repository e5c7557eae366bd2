//! Where a JSON value ends that may be broken inside.

/// The end of the array, object or text that begins at `at`, found by its brackets and quotes alone;
/// `None` if they do not match, or if a text is torn. `budget` is how many bytes may be looked at.
pub(super) fn extent(text: &str, at: usize, budget: &mut usize) -> Option<usize> {
    end(text, at, budget, false)
}

/// The same, where a text may have line breaks.
pub(super) fn extent_over_lines(text: &str, at: usize, budget: &mut usize) -> Option<usize> {
    end(text, at, budget, true)
}

fn end(text: &str, at: usize, budget: &mut usize, has_breaks: bool) -> Option<usize> {
    let (mut open, mut is_text, mut is_escaped) = (Vec::new(), false, false);
    for (offset, byte) in text[at..].bytes().enumerate() {
        *budget = budget.checked_sub(1)?;
        match byte {
            b'\n' if is_text && !has_breaks => return None,
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' if open.pop() != Some(byte) => return None,
            _ => {}
        }
        if open.is_empty() && !is_text {
            return matches!(byte, b'}' | b']' | b'"').then_some(at + offset + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extent_is_found_by_brackets_alone() {
        let of = |text: &str| extent(text, 0, &mut 1_000);
        assert_eq!(of(r#"{"a": NaN, b: [1,], "}": "\""} x"#), Some(30));
        assert_eq!(of(r#""a\"]" x"#), Some(6));
        assert_eq!(extent_over_lines("[\"a\nb\"]\n", 0, &mut 1_000), Some(7));
        for torn in [r#"{"a": "b"#, "{\"a\n\": 1}", "{]", "{", "1", "\"a\nb\""] {
            assert_eq!(of(torn), None, "{torn}");
        }
        assert_eq!(extent("[1, 2]", 0, &mut 5), None);
    }
}
