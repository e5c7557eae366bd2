//! SHA-256 in hexadecimal: digests of content, and ids made from several fields.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of `bytes` as 64 hexadecimal digits.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hexadecimal(&Sha256::digest(bytes.as_ref()))
}

/// The SHA-256 of length-prefixed `fields`, so that `("ab", "c")` and `("a", "bc")` differ.
pub fn of_fields<F: AsRef<[u8]>>(fields: &[F]) -> String {
    let mut hasher = Sha256::new();
    for field in fields {
        let field = field.as_ref();
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    hexadecimal(&hasher.finalize())
}

/// The first 128 bits of [`of_fields`], which are enough to tell things apart.
pub fn short<F: AsRef<[u8]>>(fields: &[F]) -> u128 {
    u128::from_str_radix(&of_fields(fields)[..32], 16).unwrap_or_default()
}

/// Two hexadecimal digits for each byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
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
    fn moving_a_border_between_fields_changes_the_hash() {
        assert_ne!(of_fields(&["ab", "c"]), of_fields(&["a", "bc"]));
        assert_ne!(of_fields(&["ab"]), of_fields(&["ab", ""]));
    }
}
