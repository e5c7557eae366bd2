//! Strings as `strace` writes them: in quotes, with the escapes of C.

/// The bytes of the string at the start of `text`, which begins with its quote, and what follows it.
pub(super) fn unquote(text: &str) -> Option<(Vec<u8>, &str)> {
    let coded = text.strip_prefix('"')?.as_bytes();
    let (mut bytes, mut at) = (Vec::new(), 0);
    loop {
        match *coded.get(at)? {
            b'"' => return Some((bytes, text.get(at + 2..)?)),
            b'\\' => {
                let (byte, length) = escaped(coded.get(at + 1..)?)?;
                bytes.push(byte);
                at += 1 + length;
            }
            plain => {
                bytes.push(plain);
                at += 1;
            }
        }
    }
}

/// The byte of the escape whose backslash was read, and the length of the rest.
fn escaped(code: &[u8]) -> Option<(u8, usize)> {
    Some(match code.first()? {
        b'n' => (b'\n', 1),
        b't' => (b'\t', 1),
        b'r' => (b'\r', 1),
        b'v' => (0x0b, 1),
        b'f' => (0x0c, 1),
        b'0'..=b'7' => octal(code),
        other => (*other, 1),
    })
}

/// Up to three digits.
fn octal(code: &[u8]) -> (u8, usize) {
    let digits = code.iter().take(3).take_while(|digit| (b'0'..=b'7').contains(digit));
    digits.fold((0, 0), |(byte, length), digit| ((byte << 3) | (digit - b'0'), length + 1))
}

/// The end of the string at the start of `coded`, which begins with its quote.
pub(super) fn end_of_string(coded: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match *coded.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_as_strace_writes_them() {
        let read = |text| unquote(text).expect("a string");
        assert_eq!(read(r#""plain", 5"#), (b"plain".to_vec(), ", 5"));
        assert_eq!(read(r#""\"\\\n\t\r\v\f""#).0, b"\"\\\n\t\r\x0b\x0c");
        assert_eq!(read(r#""\0\1\0011\377\r8""#).0, b"\x00\x01\x011\xff\r8");
        assert_eq!(read(r#""""#), (Vec::new(), ""));
        for half in [r#""half"#, r#""half\"#, r#""half\""#, "none"] {
            assert_eq!(unquote(half), None, "{half}");
        }
    }

    #[test]
    fn the_end_of_a_string_is_behind_its_last_quote() {
        assert_eq!(end_of_string(br#""a\"b", 1"#), Some(6));
        assert_eq!(end_of_string(br#""a\"#), None);
    }
}
