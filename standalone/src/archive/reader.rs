//! Reads archived messages: lines of JSON, and the Avro files with metadata that a Cloud Storage
//! subscription of Pub/Sub writes.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use apache_avro::types::Value;
use common::broker::Message;
use thiserror::Error;

use super::line::Line;
use super::pack;

/// The extension of the archive's own files.
pub(super) const EXTENSION: &str = "ndjson";
/// The extension of a Cloud Storage subscription's files.
const AVRO: &str = "avro";
/// How many bytes identify a file that was read before.
const SEAL: u64 = 256;
/// The longest line and the largest Avro block, in bytes; an escaped message is always smaller.
const MOST_BYTES: u64 = 64 << 20;

/// One file, with its length when it was found; lines that are appended later are not read. The length and the
/// bookmarks of a packed file are those of the file in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

/// How far a file was read: whole lines only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bookmark {
    /// The end of the last line that was read, in bytes from the start.
    pub(crate) bytes: u64,
    /// How many lines that is.
    pub(crate) lines: u64,
}

/// Something in a file is not a message.
#[derive(Debug, Error)]
pub(crate) enum Corrupt {
    #[error("cannot read the file")]
    File(#[source] io::Error),
    #[error("line {0} is not an archived message")]
    Line(usize, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("line {0} is cut off")]
    Torn(usize),
    #[error("the file is not valid Avro from record {0} on")]
    Avro(usize, #[source] Box<apache_avro::Error>),
    #[error("record {0} is not a message with metadata")]
    Record(usize),
}

impl Corrupt {
    /// The names of all reasons.
    pub(crate) const REASONS: [&str; 5] = ["file", "line", "torn-line", "avro-file", "avro-record"];

    /// Its name in metrics and reports.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Line(..) => "line",
            Self::Torn(_) => "torn-line",
            Self::Avro(..) => "avro-file",
            Self::Record(_) => "avro-record",
        }
    }
}

/// The files of the archive at `root`, in order; `root` may also be a single file. A file that is also there
/// in its packed form is left out.
pub(crate) fn inputs(root: &Path) -> io::Result<Vec<Input>> {
    let mut inputs = files(root)?;
    inputs.sort();
    inputs.dedup_by(|next, kept| {
        let is_twice = pack::unpacked(&next.path).is_some_and(|path| path == kept.path);
        if is_twice {
            std::mem::swap(next, kept);
        }
        is_twice
    });
    Ok(inputs)
}

/// All files of the archive at `root`.
pub(super) fn files(root: &Path) -> io::Result<Vec<Input>> {
    let mut files = Vec::new();
    if root.is_dir() {
        walk(root, &mut files)?;
    } else {
        files.push(Input::found(root.to_owned())?);
    }
    Ok(files)
}

fn walk(folder: &Path, inputs: &mut Vec<Input>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            walk(&path, inputs)?;
        } else if is_archived(&path) {
            match Input::found(path) {
                // It was packed meanwhile, and is found in that form.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                found => inputs.push(found?),
            }
        }
    }
    Ok(())
}

fn is_archived(path: &Path) -> bool {
    let unpacked = pack::unpacked(path);
    let extension = unpacked.as_deref().unwrap_or(path).extension();
    extension.is_some_and(|name| name == EXTENSION || name == AVRO)
}

impl Input {
    fn found(path: PathBuf) -> io::Result<Self> {
        let packed =
            if pack::unpacked(&path).is_some() { pack::unpacked_bytes(&path)? } else { None };
        let bytes = packed.map_or_else(|| Ok(fs::metadata(&path)?.len()), Ok::<_, io::Error>)?;
        Ok(Self { path, bytes })
    }

    /// The path of the file that is packed here, or its own path.
    pub(crate) fn unpacked(&self) -> Cow<'_, Path> {
        pack::unpacked(&self.path).map_or(Cow::Borrowed(&self.path), Cow::Owned)
    }

    /// Opens the file after so many bytes of it. If it was packed since it was found, that form is read.
    fn open_at(&self, bytes: u64) -> io::Result<Box<dyn BufRead>> {
        let rest = self.bytes.saturating_sub(bytes);
        let packed = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => pack::packed(&self.path),
            Ok(_) if self.is_packed() => self.path.clone(),
            file => {
                let mut file = file?;
                file.seek(SeekFrom::Start(bytes))?;
                return Ok(Box::new(BufReader::new(file.take(rest))));
            }
        };
        let mut file = pack::open(&packed)?;
        io::copy(&mut (&mut file).take(bytes), &mut io::sink())?;
        // Only who reads to the end of a packed file learns whether its checksum is right.
        Ok(if self.is_packed() { Box::new(file) } else { Box::new(file.take(rest)) })
    }

    fn is_packed(&self) -> bool {
        pack::unpacked(&self.path).is_some()
    }

    /// Gives each message, and each thing that is not a message, to `take`, in order.
    pub(crate) fn read(&self, mut take: impl FnMut(Result<Line, Corrupt>)) {
        let read = match self.open_at(0) {
            Ok(file) if self.is_avro() => avro(file, &mut take),
            Ok(file) => lines(file, &mut take),
            Err(error) => Err(Corrupt::File(error)),
        };
        match read {
            // This line is still being written; the next read finds it.
            Err(Corrupt::Torn(_)) if self.has_grown() => {}
            Err(corrupt) => take(Err(corrupt)),
            Ok(()) => {}
        }
    }

    /// Gives about `most` bytes after the bookmark to `take`, and moves the bookmark. A last line
    /// without an end is left for later. An Avro file is read whole, and a packed one to its end.
    pub(crate) fn read_on<E: From<io::Error>>(
        &self,
        mark: &mut Bookmark,
        most: u64,
        mut take: impl FnMut(Result<Line, Corrupt>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.is_avro() {
            let mut result = Ok(());
            self.read(|item| {
                if result.is_ok() {
                    result = take(item);
                }
            });
            *mark = Bookmark { bytes: self.bytes, lines: 0 };
            return result;
        }
        let mut file = self.open_at(mark.bytes)?;
        let end = if self.is_packed() { u64::MAX } else { mark.bytes.saturating_add(most) };
        while mark.bytes < end {
            let next = match next_line(&mut file, mark.lines + 1) {
                // Nothing behind the damage can be read, now or later.
                Err(error) if self.is_packed() => {
                    mark.bytes = self.bytes;
                    return take(Err(Corrupt::File(error)));
                }
                next => next?,
            };
            let Some(Next { length, item }) = next else { break };
            *mark = Bookmark { bytes: mark.bytes + length, lines: mark.lines + 1 };
            item.map_or(Ok(()), &mut take)?;
        }
        Ok(())
    }

    /// The last bytes before the bookmark, by which a file is recognized: at most [`SEAL`]. A packed file does
    /// not grow, so it needs none at its end.
    pub(crate) fn seal(&self, mark: Bookmark) -> io::Result<Vec<u8>> {
        if self.is_packed() && mark.bytes == self.bytes {
            return Ok(Vec::new());
        }
        let length = mark.bytes.min(SEAL);
        let mut seal = Vec::new();
        self.open_at(mark.bytes - length)?.take(length).read_to_end(&mut seal)?;
        Ok(seal)
    }

    fn is_avro(&self) -> bool {
        self.unpacked().extension().is_some_and(|extension| extension == AVRO)
    }

    fn has_grown(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|file| file.len() > self.bytes)
    }
}

/// Goes on after a line that is not a message, and ends at a line that is cut off.
fn lines(
    mut file: impl BufRead,
    take: &mut impl FnMut(Result<Line, Corrupt>),
) -> Result<(), Corrupt> {
    let mut line = Vec::new();
    for number in 1.. {
        match (read_line(&mut file, &mut line).map_err(Corrupt::File)?, line.is_empty()) {
            (true, true) => {}
            (true, false) => take(parse(&line, number)),
            (false, true) => return Ok(()),
            (false, false) => return Err(Corrupt::Torn(number)),
        }
    }
    Ok(())
}

/// The next line: its length with its end, and what it holds. Nothing at the end of the file, or where a
/// line has no end yet.
fn next_line(file: &mut impl BufRead, number: u64) -> io::Result<Option<Next>> {
    let mut line = Vec::new();
    if !read_line(file, &mut line)? {
        return Ok(None);
    }
    let item = (!line.is_empty()).then(|| parse(&line, number as usize));
    Ok(Some(Next { length: line.len() as u64 + 1, item }))
}

/// A line of a file; `item` is `None` if it is empty.
struct Next {
    length: u64,
    item: Option<Result<Line, Corrupt>>,
}

/// Reads a line into `line`, without its end, and returns whether it has one.
fn read_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    file.take(MOST_BYTES).read_until(b'\n', line)?;
    let is_whole = line.last() == Some(&b'\n');
    line.truncate(line.len() - usize::from(is_whole));
    Ok(is_whole)
}

fn parse(line: &[u8], number: usize) -> Result<Line, Corrupt> {
    let line: Result<Line, _> = serde_json::from_slice(line).map_err(Into::into);
    let checked = line.and_then(|line| line.check().map(|()| line).map_err(Into::into));
    checked.map_err(|error| Corrupt::Line(number, error))
}

/// Ends at the first damaged block, because nothing says where the next one starts.
fn avro(file: impl BufRead, take: &mut impl FnMut(Result<Line, Corrupt>)) -> Result<(), Corrupt> {
    apache_avro::util::max_allocation_bytes(MOST_BYTES as usize);
    let records = apache_avro::Reader::new(file);
    let records = records.map_err(|error| Corrupt::Avro(1, error.into()))?;
    for (number, record) in (1..).zip(records) {
        let record = record.map_err(|error| Corrupt::Avro(number, error.into()))?;
        take(message(record).map(Line::from).ok_or(Corrupt::Record(number)));
    }
    Ok(())
}

/// The `attributes` and `data` of a record.
fn message(record: Value) -> Option<Message> {
    let Value::Record(fields) = record else { return None };
    let mut message = (None, None);
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("attributes", Value::Map(map)) => message.0 = Some(map),
            ("data", Value::Bytes(data)) => message.1 = Some(data),
            _ => {}
        }
    }
    let text = |(name, value)| match value {
        Value::String(text) => Some((name, text)),
        _ => None,
    };
    let attributes = message.0?.into_iter().map(text).collect::<Option<_>>()?;
    Some(Message { data: message.1?, attributes })
}

#[cfg(test)]
mod tests {
    use apache_avro::types::Record;
    use apache_avro::{Schema, Writer};
    use tempfile::TempDir;

    use super::*;

    /// As Pub/Sub documents it.
    const SCHEMA: &str = r#"{"type":"record","name":"PubsubMessageWithMetadata","fields":[
        {"name":"subscription_name","type":"string"},
        {"name":"message_id","type":"string"},
        {"name":"publish_time","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"attributes","type":{"type":"map","values":"string"}},
        {"name":"data","type":"bytes"}]}"#;

    fn file(name: &str, content: &[u8]) -> (TempDir, Input) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(name), content).expect("written");
        let input = inputs(folder.path()).expect("files").remove(0);
        (folder, input)
    }

    /// The data of each message, or the reason why it is corrupt.
    fn read(input: &Input) -> Vec<String> {
        let mut found = Vec::new();
        input.read(|item| {
            found.push(match item {
                Ok(line) => {
                    let data = line.into_message().expect("data").data;
                    String::from_utf8_lossy(&data).into_owned()
                }
                Err(corrupt) => corrupt.reason().to_owned(),
            });
        });
        found
    }

    fn avro_file(codec: apache_avro::Codec) -> Vec<u8> {
        let schema = Schema::parse_str(SCHEMA).expect("a schema");
        let mut writer = Writer::with_codec(&schema, Vec::new(), codec);
        for data in ["one", "two"] {
            let mut record = Record::new(&schema).expect("a record");
            record.put("subscription_name", "projects/p/subscriptions/archive");
            record.put("message_id", data);
            record.put("publish_time", Value::TimestampMicros(1));
            let kind = ("kind".to_owned(), Value::String("text".to_owned()));
            record.put("attributes", Value::Map([kind].into()));
            record.put("data", Value::Bytes(data.into()));
            writer.append(record).expect("appended");
        }
        writer.into_inner().expect("a file")
    }

    #[test]
    fn lines_that_are_not_messages_are_skipped() {
        let good = r#"{"id":1,"attributes":{},"data":"good"}"#;
        let bad = ["{", "[]", r#"{"attributes":{}}"#, r#"{"attributes":{},"data_base64":"?"}"#];
        let text = format!("{good}\n{}\n\n\u{fffd}\n{good}\n", bad.join("\n"));
        let (_folder, input) = file("a.ndjson", text.as_bytes());
        assert_eq!(read(&input), ["good", "line", "line", "line", "line", "line", "good"]);
    }

    #[test]
    fn a_line_that_is_cut_off_is_not_a_message() {
        let good = r#"{"id":1,"attributes":{},"data":"good"}"#;
        let (_folder, input) = file("a.ndjson", format!("{good}\n{good}").as_bytes());
        assert_eq!(read(&input), ["good", "torn-line"]);
    }

    #[test]
    fn a_line_that_is_being_written_is_left_to_the_next_reading() {
        let good = r#"{"id":1,"attributes":{},"data":"good"}"#;
        let (_folder, mut input) = file("a.ndjson", format!("{good}\n{good}\n").as_bytes());
        input.bytes -= 10;
        assert_eq!(read(&input), ["good"]);
    }

    #[test]
    fn an_avro_file_is_read_up_to_the_first_damage() {
        for codec in [apache_avro::Codec::Null, apache_avro::Codec::Snappy] {
            let whole = avro_file(codec);
            let (_folder, input) = file("a.avro", &whole);
            assert_eq!(read(&input), ["one", "two"]);
            let (_folder, input) = file("a.avro", &whole[..whole.len() - 20]);
            assert_eq!(read(&input).last().map(String::as_str), Some("avro-file"));
        }
        let (_folder, input) = file("a.avro", b"no Avro at all");
        assert_eq!(read(&input), ["avro-file"]);
    }

    #[test]
    fn a_packed_file_is_read_as_before_from_any_line_on() {
        let line = |id: u8| format!("{{\"id\":{id},\"attributes\":{{}},\"data\":\"data {id}\"}}\n");
        let lines = [1, 2, 3].map(line);
        let (folder, plain) = file("a.ndjson", lines.concat().as_bytes());
        pack::pack(&plain.path).expect("packed");
        let packed = inputs(folder.path()).expect("files").remove(0);
        assert_ne!(packed.path, plain.path);
        assert_eq!((packed.bytes, packed.unpacked().as_ref()), (plain.bytes, plain.path.as_path()));
        assert_eq!(read(&packed), ["data 1", "data 2", "data 3"]);
        assert_eq!(
            read(&plain),
            ["data 1", "data 2", "data 3"],
            "it was packed since it was found"
        );
        for (skip, rest) in [(0, 3), (1, 2), (3, 0)] {
            let bytes = lines[..skip].concat().len() as u64;
            let mut mark = Bookmark { bytes, lines: skip as u64 };
            let mut found = 0;
            let take = |item: Result<Line, Corrupt>| {
                found += usize::from(item.is_ok());
                Ok::<_, io::Error>(())
            };
            packed.read_on(&mut mark, 1, take).expect("read");
            assert_eq!((found, mark), (rest, Bookmark { bytes: plain.bytes, lines: 3 }));
        }
    }

    #[test]
    fn a_packed_file_is_read_up_to_the_first_damage() {
        let line = "{\"id\":1,\"attributes\":{},\"data\":\"good\"}\n";
        let (folder, plain) = file("a.ndjson", line.repeat(1_000).as_bytes());
        pack::pack(&plain.path).expect("packed");
        let path = pack::packed(&plain.path);
        let whole = fs::read(&path).expect("a file");
        for damaged in [&whole[..whole.len() - 4], b"nothing that is packed"] {
            fs::write(&path, damaged).expect("written");
            let packed = inputs(folder.path()).expect("files").remove(0);
            assert_eq!(read(&packed).last().map(String::as_str), Some("file"));
            let (mut mark, mut reasons) = (Bookmark::default(), Vec::new());
            let take = |item: Result<Line, Corrupt>| {
                reasons.extend(item.err().map(|corrupt| corrupt.reason()));
                Ok::<_, io::Error>(())
            };
            packed.read_on(&mut mark, 1, take).expect("the damage is not an error of the reading");
            assert_eq!((reasons, mark.bytes), (vec!["file"], packed.bytes));
        }
    }

    #[test]
    fn a_missing_file_is_reported() {
        let gone = Input { path: "/nowhere/a.ndjson".into(), bytes: 1 };
        assert_eq!(read(&gone), ["file"]);
    }
}
