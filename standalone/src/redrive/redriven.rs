//! The result of a redrive.

use std::fmt;

use load::count::count;

use super::case::Left;

/// What became of the messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Redriven {
    /// Stored by this run, and removed from quarantine.
    pub(super) stored: u64,
    /// Stored before this run, and removed from quarantine.
    pub(super) known: u64,
    /// Still in quarantine: the message and the reason.
    pub(super) left: Vec<(String, Left)>,
}

impl Redriven {
    /// How many messages are done with, one way or the other.
    pub(super) fn settled(&self) -> u64 {
        self.stored + self.known + self.left.len() as u64
    }
}

impl fmt::Display for Redriven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, why) in &self.left {
            writeln!(f, "left in quarantine: {name}: {why}")?;
        }
        let stored = count(self.stored, "message", "messages");
        let (known, left) = (self.known, self.left.len());
        writeln!(
            f,
            "{stored} stored and removed from quarantine, {known} removed that had been stored \
             before, {left} left in quarantine"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_singular() {
        let told = Redriven { stored: 1, ..Redriven::default() }.to_string();
        assert!(told.starts_with("1 message stored and removed from quarantine, 0 "), "{told}");
    }
}
