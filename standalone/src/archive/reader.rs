//! Reads archived messages: lines of JSON, and the Avro files with metadata that a Cloud Storage
//! subscription of Pub/Sub writes.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use apache_avro::types::Value;
use common::broker::Message;
use thiserror::Error;

use super::line::Line;

/// The extension of the archive's own files.
pub(super) const EXTENSION: &str = "ndjson";
/// The extension of a Cloud Storage subscription's files.
const AVRO: &str = "avro";
/// The longest line and the largest Avro block, in bytes; an escaped message is always smaller.
const MOST_BYTES: u64 = 64 << 20;

/// One file, with its length when it was found; what is appended later is not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
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

/// The files of the archive at `root`, in order; `root` may also be a single file.
pub(crate) fn inputs(root: &Path) -> io::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    if root.is_dir() {
        walk(root, &mut inputs)?;
    } else {
        inputs.push(Input { path: root.to_owned(), bytes: root.metadata()?.len() });
    }
    inputs.sort();
    Ok(inputs)
}

fn walk(folder: &Path, inputs: &mut Vec<Input>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            walk(&path, inputs)?;
        } else if path.extension().is_some_and(|name| name == EXTENSION || name == AVRO) {
            let bytes = fs::metadata(&path)?.len();
            inputs.push(Input { path, bytes });
        }
    }
    Ok(())
}

impl Input {
    /// Gives each message, and each thing that is not one, to `take`, in order.
    pub(crate) fn read(&self, mut take: impl FnMut(Result<Line, Corrupt>)) {
        let is_avro = self.path.extension().is_some_and(|extension| extension == AVRO);
        let file = File::open(&self.path).map(|file| BufReader::new(file.take(self.bytes)));
        let read = match file {
            Ok(file) if is_avro => avro(file, &mut take),
            Ok(file) => lines(file, &mut take),
            Err(error) => Err(Corrupt::File(error)),
        };
        match read {
            // This line is being written now; the next reading finds it.
            Err(Corrupt::Torn(_)) if self.has_grown() => {}
            Err(corrupt) => take(Err(corrupt)),
            Ok(()) => {}
        }
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
        line.clear();
        (&mut file).take(MOST_BYTES).read_until(b'\n', &mut line).map_err(Corrupt::File)?;
        match line.strip_suffix(b"\n") {
            Some([]) => {}
            Some(line) => take(parse(line).map_err(|error| Corrupt::Line(number, error))),
            None if line.is_empty() => return Ok(()),
            None => return Err(Corrupt::Torn(number)),
        }
    }
    Ok(())
}

fn parse(line: &[u8]) -> Result<Line, Box<dyn std::error::Error + Send + Sync>> {
    let line: Line = serde_json::from_slice(line)?;
    line.check()?;
    Ok(line)
}

/// Ends at the first damaged block, because nothing tells where the next one starts.
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
    fn a_missing_file_is_reported() {
        let gone = Input { path: "/nowhere/a.ndjson".into(), bytes: 1 };
        assert_eq!(read(&gone), ["file"]);
    }
}
