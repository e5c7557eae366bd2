//! The invalid entries, as they were sent, for the archive. Their number is bounded: in a body of
//! another format, all entries are invalid.

use common::access_log::Rejected;

use super::wording::Wrong;

/// How much is kept of one entry, in bytes. This is more than the archive keeps: redaction may need
/// the text that follows.
const MAX_TEXT_BYTES: usize = 2 << 10;
/// How much is kept of all entries of a batch, in bytes.
const MAX_BYTES: usize = 512 << 10;

/// The first invalid entries of a batch, as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rejects {
    /// Not redacted yet.
    pub(crate) kept: Vec<Rejected>,
    /// How many more there were.
    pub(crate) left_out: usize,
    /// The length of the texts that are kept.
    pub(crate) bytes: usize,
}

impl Rejects {
    pub(super) fn add(&mut self, index: usize, wrong: &[Wrong], sent: &str) {
        let text = &sent[..sent.floor_char_boundary(MAX_TEXT_BYTES)];
        if self.left_out > 0 || self.bytes + text.len() > MAX_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes += text.len();
        let reasons: Vec<String> =
            wrong.iter().map(|Wrong { field, reason }| format!("{field} {reason}")).collect();
        self.kept.push(Rejected { index, reason: reasons.join("; "), text: text.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_the_rest_is_counted() {
        let mut rejects = Rejects::default();
        let wrong = [Wrong::whole("is no line"), Wrong::with("path", "is required")];
        for index in 0..1_000 {
            rejects.add(index, &wrong, &"ü".repeat(5_000));
        }
        assert_eq!((rejects.kept.len(), rejects.left_out), (256, 744));
        assert_eq!(rejects.kept[7].index, 7);
        assert_eq!(rejects.kept[7].reason, "entry is no line; path is required");
        assert!(rejects.kept.iter().all(|kept| kept.text.len() == MAX_TEXT_BYTES));
    }
}
