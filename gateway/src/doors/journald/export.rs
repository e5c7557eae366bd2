//! The journal's export format: entries with an empty line after each. A field is `NAME=value` on a
//! line, or its name, the length of its value in eight bytes, and the value.

use common::record::RecordId;
use memchr::memchr;

use crate::doors::shipment::{Shipment, Shipped};
use crate::problem::{Problem, ProblemCode};

/// What is kept of an entry.
#[derive(Debug, Default, PartialEq)]
struct Entry<'b> {
    cursor: Option<&'b [u8]>,
    message: Option<&'b [u8]>,
    /// In microseconds since 1970.
    time: Option<&'b [u8]>,
}

/// A complete field, and what follows it.
enum Next<'b> {
    Field(&'b [u8], &'b [u8], &'b [u8]),
    /// The empty line at the end of an entry.
    End(&'b [u8]),
    /// More bytes must arrive first.
    Torn,
}

/// The length of the complete entries at the start.
pub(super) fn whole_bytes(bytes: &[u8]) -> usize {
    let (mut rest, mut whole) = (bytes, 0);
    loop {
        rest = match next(rest) {
            Next::Field(_, _, behind) => behind,
            Next::End(behind) => {
                whole = bytes.len() - behind.len();
                behind
            }
            Next::Torn => return whole,
        }
    }
}

/// Reads entries. The last one needs no empty line after it. Those without a message are left out.
pub(super) fn read(body: &[u8], shipment: &mut Shipment) -> Result<(), Problem> {
    let (mut rest, mut entry) = (body, Entry::default());
    loop {
        rest = match next(rest) {
            Next::Field(name, value, behind) => {
                entry.set(name, value);
                behind
            }
            Next::End(behind) => {
                std::mem::take(&mut entry).ship(shipment)?;
                behind
            }
            Next::Torn if rest.is_empty() => return entry.ship(shipment),
            Next::Torn => {
                let detail = "The body ends within a field of an entry.";
                return Err(Problem::new(ProblemCode::InvalidBody, detail));
            }
        }
    }
}

fn next(bytes: &[u8]) -> Next<'_> {
    field(bytes).unwrap_or(Next::Torn)
}

fn field(bytes: &[u8]) -> Option<Next<'_>> {
    let end = memchr(b'\n', bytes)?;
    let (line, behind) = (&bytes[..end], &bytes[end + 1..]);
    if line.is_empty() {
        return Some(Next::End(behind));
    }
    if let Some(at) = memchr(b'=', line) {
        return Some(Next::Field(&line[..at], &line[at + 1..], behind));
    }
    let (length, behind) = behind.split_at_checked(8)?;
    let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
    let (value, behind) = behind.split_at_checked(length)?;
    Some(Next::Field(line, value, behind.strip_prefix(b"\n")?))
}

impl<'b> Entry<'b> {
    fn set(&mut self, name: &[u8], value: &'b [u8]) {
        let field = match name {
            b"__CURSOR" => &mut self.cursor,
            b"MESSAGE" => &mut self.message,
            b"__REALTIME_TIMESTAMP" => &mut self.time,
            _ => return,
        };
        *field = Some(value);
    }

    /// Its cursor names it, so it may be sent again. A message may be in any encoding: bytes that
    /// are not UTF-8 become U+FFFD.
    fn ship(self, shipment: &mut Shipment) -> Result<(), Problem> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let message = self.message.map(text).filter(|message| !message.trim().is_empty());
        let Some(message) = message else { return Ok(()) };
        shipment.add(Ok(Shipped {
            id: self.cursor.map(RecordId::from_key),
            text: message,
            time: self.time.map(text),
            ..Shipped::default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(name: &str, value: &[u8]) -> Vec<u8> {
        let length = (value.len() as u64).to_le_bytes();
        [name.as_bytes(), b"\n", &length, value, b"\n"].concat()
    }

    #[test]
    fn entries_are_whole_after_their_empty_line() {
        let first = [&b"__CURSOR=s=1\n"[..], &binary("MESSAGE", b"a\n\nb=c"), b"\n"].concat();
        let both = [&first[..], b"MESSAGE=x\n\n"].concat();
        for cut in 0..both.len() {
            let whole = if cut < first.len() { 0 } else { first.len() };
            assert_eq!(whole_bytes(&both[..cut]), whole, "{cut}");
        }
        assert_eq!(whole_bytes(&both), both.len());
    }

    #[test]
    fn a_length_that_no_memory_has_is_never_whole() {
        for length in [u64::MAX, u64::MAX - 8, 1 << 40] {
            let bytes = [&b"MESSAGE\n"[..], &length.to_le_bytes(), b"a\n\n"].concat();
            assert_eq!(whole_bytes(&bytes), 0);
        }
    }
}
