//! SHA-256 in hexadecimal: digests of content, and ids made from several fields.

use sha2::{Digest as _, Sha256};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The SHA-256 of `bytes` as 64 hexadecimal digits.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hexadecimal(&Sha256::digest(bytes.as_ref()))
}

/// The SHA-256 of length-prefixed `fields`, so that `("ab", "c")` and `("a", "bc")` differ.
pub fn of_fields<F: AsRef<[u8]>>(fields: &[F]) -> String {
    hexadecimal(&digest(fields))
}

/// The first 128 bits of [`of_fields`], which are enough to tell things apart.
pub fn short<F: AsRef<[u8]>>(fields: &[F]) -> u128 {
    let digest = digest(fields);
    digest[..16].iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}

fn digest<F: AsRef<[u8]>>(fields: &[F]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for field in fields {
        let field = field.as_ref();
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}

/// Two hexadecimal digits for each byte. Every id and every key of a count is such a text, so the
/// digits come from a table: formatting each byte took longer than the hash.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        hex.push(digit(byte >> 4));
        hex.push(digit(byte & 0xF));
    }
    hex
}

/// The bytes of a text of two lower-case hexadecimal digits for each; `None` for any other text.
pub fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_abc_is_that_of_the_standard() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256("abc"), expected);
    }

    #[test]
    fn hexadecimal_digits_are_read_back() {
        let bytes = [0x00, 0x0f, 0xa0, 0xff];
        assert_eq!(hexadecimal(&bytes), "000fa0ff");
        assert_eq!(bytes_of("000fa0ff"), Some(bytes.to_vec()));
        for other in ["000fa0f", "000FA0FF", "000fa0fg", "é0fa0f"] {
            assert_eq!(bytes_of(other), None, "{other}");
        }
    }

    #[test]
    fn the_short_hash_is_the_beginning_of_the_long_one() {
        let fields = ["ab", "c"];
        assert_eq!(format!("{:032x}", short(&fields)), of_fields(&fields)[..32]);
        assert_eq!(hexadecimal(&[0x00, 0x0F, 0xA5, 0xFF]), "000fa5ff");
    }

    #[test]
    fn moving_a_border_between_fields_changes_the_hash() {
        assert_ne!(of_fields(&["ab", "c"]), of_fields(&["a", "bc"]));
        assert_ne!(of_fields(&["ab"]), of_fields(&["ab", ""]));
    }
}
