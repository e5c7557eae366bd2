//! Archives for the tests, as Plausible writes them: sizes and checksums follow the contents.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// Sizes and checksum come after the contents.
const DESCRIBED_LATER: u16 = 1 << 3;

/// An archive of these files, by name and text.
pub(super) fn of(files: &[(&str, &str)], is_deflated: bool) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let start = archive.len();
        let packed = if is_deflated { deflated(text) } else { text.as_bytes().to_vec() };
        let method = if is_deflated { 8 } else { 0 };
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        let sizes = [crc.sum(), size(packed.len()), size(text.len())];
        archive.extend(head(&[0x0403_4b50], &[20, DESCRIBED_LATER, method, 0, 0], &[0; 3]));
        archive.extend([&shorts(&[length(name), 0])[..], name.as_bytes(), &packed].concat());
        archive.extend([&longs(&[0x0807_4b50])[..], &longs(&sizes)].concat());
        directory.extend(head(&[0x0201_4b50], &[20, 20, DESCRIBED_LATER, method, 0, 0], &sizes));
        directory.extend(shorts(&[length(name), 0, 0, 0, 0]));
        directory.extend([&longs(&[0, size(start)])[..], name.as_bytes()].concat());
    }
    let (start, count) = (size(archive.len()), u16::try_from(files.len()).expect("few"));
    let places = [size(directory.len()), start];
    archive.extend(directory);
    archive.extend(head(&[0x0605_4b50], &[0, 0, count, count], &places));
    archive.extend(shorts(&[0]));
    archive
}

fn deflated(text: &str) -> Vec<u8> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).expect("packed");
    packed.finish().expect("packed")
}

fn head(signature: &[u32], numbers: &[u16], sizes: &[u32]) -> Vec<u8> {
    [longs(signature), shorts(numbers), longs(sizes)].concat()
}

fn shorts(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn longs(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn size(length: usize) -> u32 {
    u32::try_from(length).expect("short")
}

fn length(name: &str) -> u16 {
    u16::try_from(name.len()).expect("short")
}
