//! What a redaction rule is.

use std::ops::Range;

/// Narrows, widens or rejects the range that a pattern matched.
pub(super) type Check = fn(&str, Range<usize>) -> Option<Range<usize>>;

/// The traits of a line that rules require: a cheap way to skip most rules on most lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    /// The number of digits.
    pub digits: usize,
    /// The length of the longest number in one piece.
    pub number: usize,
    /// The number of colons.
    pub colons: usize,
    /// The number of `@` signs.
    pub ats: usize,
    /// The number of signs that stand between a name and its value, of dashes, and of quotes.
    pub signs: usize,
    /// The length of the longest run of token characters, in bytes.
    pub run: usize,
}

/// One kind of personal data or secret.
pub(super) struct Rule {
    #[cfg_attr(not(test), expect(dead_code, reason = "names the rule for readers of the table"))]
    pub name: &'static str,
    pub pattern: &'static str,
    /// The least that a line needs to contain a match.
    pub needs: Traits,
    /// What the pattern takes, and so where the search goes on after a rejected candidate.
    pub takes_in: Reach,
    pub check: Check,
    /// Texts in which something is replaced.
    #[cfg_attr(not(test), expect(dead_code, reason = "samples are for the tests"))]
    pub takes: &'static [&'static str],
    /// Texts that no rule changes.
    #[cfg_attr(not(test), expect(dead_code, reason = "samples are for the tests"))]
    pub spares: &'static [&'static str],
}

/// How much of a possible match a pattern takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The beginning. Another match may begin inside a rejected candidate.
    Beginning,
    /// The same, but only at the beginning of a word: elsewhere it is not a candidate. So a long
    /// run of letters and digits is read once, however often the pattern fits in it.
    Word,
    /// A name. Its value goes on past what would be an escape in a query: `password=a%26b&x=1`.
    Name,
    /// A run, in which the check looks at every place where a match may begin. Only its last bytes,
    /// as many as given, are read again: a match may begin in them.
    Run(usize),
}

impl Traits {
    pub(super) const NONE: Self =
        Self { digits: 0, number: 0, colons: 0, ats: 0, signs: 0, run: 0 };

    /// The traits of a line.
    pub(super) fn of(line: &str) -> Self {
        let mut traits = Self::NONE;
        let (mut run, mut number) = (0, 0);
        for byte in line.bytes() {
            traits.digits += usize::from(byte.is_ascii_digit());
            number = if byte.is_ascii_digit() { number + 1 } else { 0 };
            traits.number = traits.number.max(number);
            traits.colons += usize::from(byte == b':');
            traits.ats += usize::from(byte == b'@');
            traits.signs += usize::from(matches!(byte, b'=' | b':' | b'-' | b'>' | b'\'' | b'"'));
            run = if token(char::from(byte)) { run + 1 } else { 0 };
            traits.run = traits.run.max(run);
        }
        traits
    }

    pub(super) fn meet(&self, needs: &Self) -> bool {
        self.digits >= needs.digits
            && self.number >= needs.number
            && self.colons >= needs.colons
            && self.ats >= needs.ats
            && self.signs >= needs.signs
            && self.run >= needs.run
    }
}

pub(super) const fn digits(digits: usize) -> Traits {
    Traits { digits, ..Traits::NONE }
}

/// A number with so many digits in one piece.
pub(super) const fn number(number: usize) -> Traits {
    Traits { number, ..Traits::NONE }
}

pub(super) const fn run(run: usize) -> Traits {
    Traits { run, ..Traits::NONE }
}

/// Something that has a name before it, with a sign between the two.
pub(super) const fn named() -> Traits {
    Traits { signs: 1, ..Traits::NONE }
}

/// Whether a token in an HTTP header may contain the character.
pub(super) fn token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '+' | '/' | '=')
}
