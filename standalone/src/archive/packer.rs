//! Which files of the archive are to be packed: those that are full, and those of days that are over.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{Days, NaiveDate};
use tokio::time::Instant;

use super::reader::files;
use super::repair::is_own;

/// The size in bytes after which a file is full, and a new one is started.
pub(super) const LARGE: u64 = 64 << 20;
/// How long to wait before looking again.
const BETWEEN_LOOKS: Duration = Duration::from_secs(3_600);
/// Shorter files take a block of the file system, packed or not.
const SMALL: u64 = 4 << 10;

/// Finds files to pack.
pub(super) struct Packer {
    root: PathBuf,
    look_at: Instant,
    found: Vec<PathBuf>,
}

impl Packer {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, look_at: Instant::now(), found: Vec::new() }
    }

    /// When to call [`Packer::next`] again after it found nothing.
    pub(super) fn look_at(&self) -> Instant {
        self.look_at
    }

    /// The next file to pack.
    pub(super) fn next(&mut self, now: Instant, today: NaiveDate) -> Option<PathBuf> {
        if self.found.is_empty() && now >= self.look_at {
            self.look_at = now + BETWEEN_LOOKS;
            self.look(today);
        }
        self.found.pop()
    }

    fn look(&mut self, today: NaiveDate) {
        match files(&self.root) {
            Ok(files) => {
                let to_pack = |path: &Path, bytes| {
                    is_own(path) && (bytes >= LARGE || (bytes > SMALL && is_over(path, today)))
                };
                let files = files.into_iter().filter(|file| to_pack(&file.path, file.bytes));
                self.found.extend(files.map(|file| file.path));
            }
            Err(error) => {
                tracing::warn!(path = %self.root.display(), %error, "cannot look for files to compress");
            }
        }
    }
}

/// Whether the day of the file's folder was over a day ago: messages of yesterday may still be in the queue.
fn is_over(path: &Path, today: NaiveDate) -> bool {
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    let day = folder.and_then(|name| name.parse::<NaiveDate>().ok());
    day.and_then(|day| day.checked_add_days(Days::new(1))).is_some_and(|next| next < today)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn full_files_and_those_of_days_that_are_over_are_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |path: &str, bytes: u64| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("created");
            File::create(&path).expect("created").set_len(bytes).expect("filled");
            path
        };
        let mut expected = vec![
            put("acme/2026-03-01/1.ndjson", SMALL + 1),
            put("acme/2026-03-02/1.ndjson", LARGE),
            put("acme/undated/1.ndjson", LARGE),
        ];
        put("acme/2026-03-01/2.ndjson", SMALL);
        put("acme/2026-03-01/3.ndjson.zst", SMALL + 1);
        put("acme/2026-03-01/4.avro", LARGE);
        put("acme/2026-03-02/2.ndjson", SMALL + 1);
        put("acme/2026-03-03/1.ndjson", LARGE - 1);
        put("acme/undated/2.ndjson", LARGE - 1);
        let today = "2026-03-03".parse().expect("a day");
        let mut packer = Packer::new(folder.path().to_owned());
        let now = packer.look_at();
        let mut found = Vec::new();
        while let Some(path) = packer.next(now, today) {
            found.push(path);
        }
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        assert!(packer.look_at() >= now + BETWEEN_LOOKS);
        assert_eq!(packer.next(now + BETWEEN_LOOKS / 2, today), None);
        assert!(packer.next(packer.look_at(), today).is_some());
    }
}
