//! Which names are those of secrets.

/// Words that end like a secret's name, but do not name one.
pub(crate) const OTHERS: &[&str] =
    &["compass", "bypass", "trespass", "surpass", "encompass", "overpass"];
/// Tokens that are not secret: places in a listing, limits, and the public key of an assembly.
pub(crate) const PLACES: &[&str] = &[
    "page",
    "next",
    "nextpage",
    "continuation",
    "sync",
    "max",
    "min",
    "maximum",
    "pagination",
    "scroll",
    "publickey",
];
/// The ends of the names of secrets, without signs and in lower case.
const ENDS: &str = "password passwd passphrase passcode passwort passw pwd pswd secret token \
    credential credentials apikey accesskey secretkey privatekey encryptionkey signingkey \
    accountkey authkey subscriptionkey sharedkey masterkey storagekey consumerkey sessionkey \
    secretkeybase jsessionid phpsessid sessionid authorization cookie";
/// What forms add to the name of a password that is to be typed twice.
const CONFIRMATIONS: &[&str] = &["confirmation", "confirm", "repeat", "again"];

/// Whether a name is that of a secret: `DB_PASSWORD`, `x-api-key`, `Cookie`.
pub(crate) fn names_a_secret(name: &str) -> bool {
    let letters = name.chars().filter(|c| c.is_ascii_alphabetic());
    let plain = letters.map(|c| c.to_ascii_lowercase()).collect::<String>();
    let plain = CONFIRMATIONS.iter().find_map(|end| plain.strip_suffix(end)).unwrap_or(&plain);
    let owner = plain.strip_suffix("token").unwrap_or("");
    let is_place = PLACES.iter().any(|place| owner.ends_with(place));
    !is_place && ENDS.split(' ').any(|end| plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_its_end() {
        for name in ["DB_PASSWORD", "X-Api-Key", "user[password_confirmation]", "Set-Cookie"] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in ["NextToken", "PublicKeyToken", "password_length", "primary_key", "cookies"] {
            assert!(!names_a_secret(name), "{name}");
        }
    }
}
