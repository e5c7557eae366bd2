//! Protocol Buffers on the wire, field by field.
//!
//! A derived message type would build millions of empty values from a few megabytes of hostile
//! bytes, and one bad string would cost the whole request. Here everything is counted before it is
//! built, and each record is read on its own.

use thiserror::Error;

/// The bytes are not a message of Protocol Buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a valid message of Protocol Buffers")]
pub(super) struct Malformed;

/// The value of a field, as the wire has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wire<'b> {
    Varint(u64),
    Fixed64(u64),
    /// A string, bytes, or a message.
    Bytes(&'b [u8]),
    Fixed32(u32),
}

/// The fields of a message, with their numbers. It ends after the first error.
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl<'b> Iterator for Fields<'b> {
    type Item = Result<(u64, Wire<'b>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or(Malformed))
    }
}

impl<'b> Fields<'b> {
    fn field(&mut self) -> Option<(u64, Wire<'b>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().ok()?)),
            // Groups, which no current message uses.
            _ => return None,
        };
        let number = key >> 3;
        (1..1 << 29).contains(&number).then_some((number, value))
    }

    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// At most ten bytes, seven bits each.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

/// The messages in a field that may occur several times.
pub(super) fn messages(
    message: &[u8],
    number: u64,
) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    Fields(message).filter_map(move |field| match field {
        Ok((found, Wire::Bytes(bytes))) if found == number => Some(Ok(bytes)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// Appends a field with a number; zero is left out, as the default.
pub(super) fn write_number(message: &mut Vec<u8>, number: u8, value: u64) {
    if value > 0 {
        message.push(number << 3);
        write_varint(message, value);
    }
}

/// Appends a field with a string or a message.
pub(super) fn write_bytes(message: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    message.push(number << 3 | 2);
    write_varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn write_varint(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    #[derive(Clone, PartialEq, Message)]
    struct Sample {
        #[prost(int64, tag = "1")]
        number: i64,
        #[prost(fixed64, tag = "2")]
        fixed: u64,
        #[prost(string, repeated, tag = "3")]
        texts: Vec<String>,
        #[prost(fixed32, tag = "16")]
        short: u32,
        #[prost(message, optional, boxed, tag = "5000")]
        inner: Option<Box<Sample>>,
    }

    fn read(bytes: &[u8]) -> Result<Sample, Malformed> {
        let mut sample = Sample::default();
        for field in Fields(bytes) {
            match field? {
                (1, Wire::Varint(number)) => sample.number = number as i64,
                (2, Wire::Fixed64(fixed)) => sample.fixed = fixed,
                (3, Wire::Bytes(text)) => {
                    sample.texts.push(String::from_utf8_lossy(text).into_owned());
                }
                (16, Wire::Fixed32(short)) => sample.short = short,
                (5000, Wire::Bytes(inner)) => sample.inner = Some(Box::new(read(inner)?)),
                _ => return Err(Malformed),
            }
        }
        Ok(sample)
    }

    proptest! {
        #[test]
        fn what_another_program_writes_is_read(
            number: i64, fixed: u64, texts in proptest::collection::vec(".{0,200}", 0..3), short: u32,
        ) {
            let inner = Sample { number, fixed, texts, short, inner: None };
            let sample = Sample { inner: Some(Box::new(inner.clone())), ..inner };
            prop_assert_eq!(read(&sample.encode_to_vec()), Ok(sample));
        }

        #[test]
        fn what_is_written_is_read_by_another_program(number in 0..i64::MAX, text in ".{0,300}") {
            let mut message = Vec::new();
            write_number(&mut message, 1, number as u64);
            write_bytes(&mut message, 3, text.as_bytes());
            let expected = Sample { number, texts: vec![text], ..Sample::default() };
            prop_assert_eq!(Sample::decode(&*message), Ok(expected));
        }

        #[test]
        fn no_bytes_are_a_panic_or_never_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Fields(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn a_message_that_is_cut_in_a_field_is_malformed() {
        let message = Sample { number: -1, fixed: 1, ..Sample::default() }.encode_to_vec();
        for cut in 1..message.len() {
            let is_between = cut == 11;
            assert_eq!(read(&message[..cut]).is_ok(), is_between, "{cut}");
        }
        for bytes in [&[0x08; 1][..], &[0xff; 20], &[0x0b], &[0x00, 0x00], &[0x1a, 0x7f, b'a']] {
            assert_eq!(read(bytes), Err(Malformed), "{bytes:?}");
        }
    }
}
