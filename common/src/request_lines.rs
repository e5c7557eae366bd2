//! The lines about requests in Google Cloud's structured format. There is one for each request, so
//! they are written at a fraction of what `tracing-stackdriver` takes for its lines, which look the
//! same.

use std::fmt;
use std::io::Write as _;

use chrono::{SecondsFormat, Utc};
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter as _;
use tracing_subscriber::layer::Context;

use crate::log_output::{Output, REQUESTS};

/// About the length of a line, in bytes.
const LENGTH: usize = 320;

/// Writes the lines about requests, and no others.
pub(crate) struct RequestLines;

impl<S: Subscriber> Layer<S> for RequestLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        if meta.target() == REQUESTS {
            // The writer takes each line, or counts that it dropped it.
            let _ = Output.make_writer_for(meta).write_all(&line(event));
        }
    }
}

fn line(event: &Event<'_>) -> Vec<u8> {
    let mut line = Members(Vec::with_capacity(LENGTH));
    line.0.push(b'{');
    line.add("time", Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true));
    line.add("target", event.metadata().target());
    line.add("severity", event.metadata().level().as_str());
    event.record(&mut line);
    line.0.extend_from_slice(b"}\n");
    line.0
}

/// The members of a JSON object, behind its brace.
struct Members(Vec<u8>);

impl Members {
    /// Adds a member, whose name is written in camel case.
    fn add(&mut self, name: &str, value: impl Serialize) {
        if !self.0.ends_with(b"{") {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend(camel_case(name));
        self.0.extend_from_slice(b"\":");
        // A number or a text can always be written to memory.
        let _ = serde_json::to_writer(&mut self.0, &value);
    }
}

/// `request_id` as `requestId`. The names of fields are ASCII, without quotes.
fn camel_case(name: &str) -> impl Iterator<Item = u8> {
    let mut is_new_word = false;
    name.bytes().filter_map(move |byte| {
        let starts_word = std::mem::replace(&mut is_new_word, byte == b'_');
        (byte != b'_').then_some(if starts_word { byte.to_ascii_uppercase() } else { byte })
    })
}

impl Visit for Members {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("the lines").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes its line where the other layer's line goes too.
    struct Here(Lines);

    impl<S: Subscriber> Layer<S> for Here {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.clone().write_all(&line(event)).expect("a line");
        }
    }

    #[test]
    fn a_line_is_what_tracing_stackdriver_would_write() {
        let lines = Lines::default();
        let writer = lines.clone();
        let theirs = tracing_stackdriver::layer()
            .with_source_location(false)
            .with_writer(move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(theirs).with(Here(lines.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let (tenant, code) = (Some("a\"b\n\u{1}é"), None::<&str>);
            tracing::info!(
                target: REQUESTS, method = "GET", status = 202_u16, ms = 3_u64, request_id = "r-1",
                tenant, code, is_late = true, change = -1, "request"
            );
        });
        let written = lines.0.lock().expect("the lines").clone();
        let written = String::from_utf8(written).expect("text");
        let read = |line: &str| {
            let mut line: Value = serde_json::from_str(line).expect("JSON");
            let time = line.as_object_mut().expect("an object").remove("time").expect("a time");
            chrono::DateTime::parse_from_rfc3339(time.as_str().expect("a text")).expect("a time");
            line
        };
        let written: Vec<_> = written.lines().map(read).collect();
        let [theirs, ours] = &written[..] else { panic!("{written:?}") };
        assert_eq!(ours, theirs);
        assert_eq!(ours["requestId"], "r-1");
        assert_eq!(ours["tenant"], "a\"b\n\u{1}é");
    }
}
