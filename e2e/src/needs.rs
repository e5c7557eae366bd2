//! What a program needs from the system, according to its dynamic section.

use std::collections::BTreeSet;
use std::path::Path;

use object::Endianness;
use object::elf::{DT_NEEDED, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader as _};
use thiserror::Error;

/// What the program needs to start.
#[derive(Debug, Default)]
pub struct Needs {
    /// Shared libraries, such as `libc.so.6`.
    pub libraries: BTreeSet<String>,
    /// Versions of their symbols, such as `GLIBC_2.34`.
    pub versions: BTreeSet<String>,
}

/// Why a program's needs cannot be read.
#[derive(Debug, Error)]
pub enum NeedsError {
    /// The file cannot be read.
    #[error("the program cannot be read")]
    Io(#[from] std::io::Error),
    /// It is not a 64-bit ELF file.
    #[error("the program is not a 64-bit ELF file")]
    Format(#[from] object::read::Error),
}

impl Needs {
    /// Reads what `program` needs.
    pub fn of(program: &Path) -> Result<Self, NeedsError> {
        let file = std::fs::read(program)?;
        let data = file.as_slice();
        let header = FileHeader64::<Endianness>::parse(data)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, data)?;
        let mut needs = Self::default();
        if let Some((entries, link)) = sections.dynamic(endian, data)? {
            let strings = sections.strings(endian, data, link)?;
            for entry in entries.iter().filter(|entry| entry.tag(endian) == DT_NEEDED) {
                needs.libraries.insert(text(entry.string(endian, strings)?));
            }
        }
        if let Some((mut libraries, link)) = sections.gnu_verneed(endian, data)? {
            let strings = sections.strings(endian, data, link)?;
            while let Some((_, mut versions)) = libraries.next()? {
                while let Some(version) = versions.next()? {
                    needs.versions.insert(text(version.name(endian, strings)?));
                }
            }
        }
        Ok(needs)
    }

    /// The newest version of `GLIBC` among [`Needs::versions`], as its two numbers.
    pub fn glibc(&self) -> Option<(u32, u32)> {
        let versions = self.versions.iter().filter_map(|version| version.strip_prefix("GLIBC_"));
        let numbers = versions.filter_map(|version| {
            let (major, rest) = version.split_once('.')?;
            Some((major.parse().ok()?, rest.split('.').next()?.parse().ok()?))
        });
        numbers.max()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_needs_the_c_library() {
        let needs = Needs::of(&std::env::current_exe().expect("this program"));
        let needs = needs.expect("a program");
        assert!(needs.libraries.contains("libc.so.6"), "{needs:?}");
        assert!(needs.glibc() > Some((2, 2)), "{needs:?}");
    }

    #[test]
    fn the_newest_version_is_found_by_its_numbers() {
        let versions = ["GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.2.5", "GCC_4.2.0"].map(str::to_owned);
        let needs = Needs { versions: versions.into(), ..Needs::default() };
        assert_eq!(needs.glibc(), Some((2, 34)));
    }

    #[test]
    fn a_file_that_is_not_a_program_is_an_error() {
        let needs = Needs::of(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")));
        assert!(matches!(needs, Err(NeedsError::Format(_))), "{needs:?}");
    }
}
