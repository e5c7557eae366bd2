//! Decompression of bodies, always within the same bounds.

use std::fmt;
use std::io::{self, Read};

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};

use super::buffer::Buffer;

/// The codings of a body, as `Accept-Encoding` lists them.
pub(crate) const ACCEPTED: &str = "gzip, deflate, zstd";

/// The largest window of a zstd frame, as a power of two: 16 MiB, which is the largest body. A
/// frame may ask for 2 GiB.
const MAX_ZSTD_WINDOW: u32 = 24;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Deflate,
    Gzip,
    Zstd,
}

impl Coding {
    /// The coding of a name in lower case.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"deflate" => Some(Self::Deflate),
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            b"zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deflate => "deflate",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// Fills `plain`; `None` if the body has more bytes than its limit.
pub(crate) fn decompress(
    coding: Coding,
    body: &[u8],
    mut plain: Buffer,
) -> io::Result<Option<Buffer>> {
    match coding {
        Coding::Deflate => inflate(body, &mut plain)?,
        Coding::Gzip => gunzip(body, &mut plain)?,
        Coding::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(body)?;
            decoder.window_log_max(MAX_ZSTD_WINDOW)?;
            append(decoder, &mut plain)?;
        }
    }
    Ok(plain.fits(0).then_some(plain))
}

/// Any number of members, and zeros after them, with which tapes and fixed blocks are padded.
fn gunzip(body: &[u8], plain: &mut Buffer) -> io::Result<()> {
    let mut rest = body;
    loop {
        let mut member = GzDecoder::new(rest);
        append(&mut member, plain)?;
        rest = without_zeros(member.into_inner());
        if rest.is_empty() || !plain.fits(0) {
            return Ok(());
        }
    }
}

/// The zlib format, as in the standard, or its bare contents, which many programs send.
fn inflate(body: &[u8], plain: &mut Buffer) -> io::Result<()> {
    let is_zlib = matches!(body, [cmf, flags, ..]
        if cmf & 0x0f == 8 && (u16::from(*cmf) << 8 | u16::from(*flags)) % 31 == 0);
    if is_zlib {
        let mut decoder = ZlibDecoder::new(body);
        let is_read = append(&mut decoder, plain);
        if is_read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::OutOfMemory) {
            return is_read;
        }
        if is_read.is_ok() && (!plain.fits(0) || is_end(decoder.into_inner())) {
            return Ok(());
        }
        plain.bytes.clear();
    }
    let mut decoder = DeflateDecoder::new(body);
    append(&mut decoder, plain)?;
    if !plain.fits(0) || is_end(decoder.into_inner()) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "there is data after its end"))
}

/// Reads until the end, or one byte more than the limit in total.
fn append(from: impl Read, plain: &mut Buffer) -> io::Result<()> {
    let space = (plain.limit + 1).saturating_sub(plain.bytes.len());
    io::copy(&mut from.take(space as u64), plain).map(drop)
}

fn is_end(rest: &[u8]) -> bool {
    without_zeros(rest).is_empty()
}

fn without_zeros(rest: &[u8]) -> &[u8] {
    let zeros = rest.iter().take_while(|byte| **byte == 0).count();
    &rest[zeros..]
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;
    use crate::room::Room;

    const LIMIT: usize = 1_000;

    fn decompress(coding: Coding, body: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let plain = Buffer::new(Room::new(10 * LIMIT).share(), LIMIT);
        Ok(super::decompress(coding, body, plain)?.map(|plain| plain.bytes))
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).expect("a vector never fails");
        encoder.finish().expect("a vector never fails")
    }

    fn zlib(body: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).expect("a vector never fails");
        encoder.finish().expect("a vector never fails")
    }

    fn raw(body: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).expect("a vector never fails");
        encoder.finish().expect("a vector never fails")
    }

    fn zstd(body: &[u8]) -> Vec<u8> {
        zstd::encode_all(body, 3).expect("a vector never fails")
    }

    /// Each way to compress, with its coding.
    type Compress = fn(&[u8]) -> Vec<u8>;

    fn ways() -> [(Coding, Compress); 4] {
        [
            (Coding::Gzip, gzip),
            (Coding::Deflate, zlib),
            (Coding::Deflate, raw),
            (Coding::Zstd, zstd),
        ]
    }

    fn plain(coding: Coding, body: &[u8]) -> Option<Vec<u8>> {
        decompress(coding, body).ok().flatten()
    }

    #[test]
    fn every_coding_is_read() {
        for (coding, compress) in ways() {
            for body in [&b""[..], b"one two", &[b'a'; LIMIT], &[0; LIMIT]] {
                assert_eq!(plain(coding, &compress(body)).as_deref(), Some(body), "{coding}");
            }
        }
    }

    #[test]
    fn members_and_frames_are_joined_and_zeros_behind_are_skipped() {
        let zeros = [0; 700];
        assert_eq!(
            plain(Coding::Gzip, &[gzip(b"one "), gzip(b"two")].concat()),
            Some(b"one two".to_vec())
        );
        assert_eq!(
            plain(Coding::Gzip, &[&gzip(b"one"), &zeros[..]].concat()),
            Some(b"one".to_vec())
        );
        let padded = [&gzip(b"one ")[..], &zeros, &gzip(b"two"), &zeros].concat();
        assert_eq!(plain(Coding::Gzip, &padded), Some(b"one two".to_vec()));
        assert_eq!(
            plain(Coding::Zstd, &[zstd(b"one "), zstd(b"two")].concat()),
            Some(b"one two".to_vec())
        );
    }

    #[test]
    fn a_bomb_is_stopped_whatever_it_is_made_of() {
        for (coding, compress) in ways() {
            for size in [LIMIT + 1, 50_000_000] {
                let bomb = compress(&vec![0; size]);
                assert_eq!(decompress(coding, &bomb).ok(), Some(None), "{coding} {size}");
            }
        }
        let members = gzip(&[b'a'; LIMIT]).repeat(1_000);
        assert_eq!(decompress(Coding::Gzip, &members).ok(), Some(None));
    }

    #[test]
    fn what_finds_no_room_in_memory_is_not_called_invalid() {
        for (coding, compress) in ways() {
            let plain = Buffer::new(Room::new(LIMIT).share(), LIMIT);
            let error = super::decompress(coding, &compress(&[0; LIMIT]), plain).err();
            let kind = error.map(|error| error.kind());
            assert_eq!(kind, Some(io::ErrorKind::OutOfMemory), "{coding}");
        }
    }

    #[test]
    fn a_frame_with_a_window_that_is_too_large_is_refused() {
        // A header with a window of 1 GiB, and an empty last block.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0x01, 0x00, 0x00];
        assert!(decompress(Coding::Zstd, &frame).is_err());
    }

    #[test]
    fn what_is_cut_or_has_something_behind_is_refused() {
        for (coding, compress) in ways() {
            let good = compress(b"a text that is long enough to be cut in the middle");
            for cut in 0..good.len() {
                assert!(decompress(coding, &good[..cut]).is_err(), "{coding} {cut}");
            }
            assert!(decompress(coding, &[&good[..], b"a text"].concat()).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            for coding in [Coding::Deflate, Coding::Gzip, Coding::Zstd] {
                if let Ok(Some(plain)) = decompress(coding, &body) {
                    prop_assert!(plain.len() <= LIMIT);
                }
            }
        }
    }
}
