//! Malformed HTTP in the log: one line a minute, with a number. Scanners send so much of it that a
//! line for each connection would hide other lines.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// How often the number is logged.
const EVERY: Duration = Duration::from_secs(60);
/// Where the HTTP server logs what is wrong with a connection, and how these lines begin.
const TARGET: &str = "actix_http::h1::";
const BEGINNINGS: [&str; 2] = ["stream error:", "MAX_BUFFER_SIZE"];

static SINCE_THE_LAST_LINE: AtomicU64 = AtomicU64::new(0);

/// Counts the lines of the HTTP server about malformed requests, and keeps them out of the log.
pub(crate) struct Gather;

impl<S: Subscriber> Layer<S> for Gather {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let is_malformed = is_malformed(event);
        if is_malformed {
            SINCE_THE_LAST_LINE.fetch_add(1, Ordering::Relaxed);
        }
        !is_malformed
    }
}

/// Logs the number once a minute until the process ends, unless it is 0.
pub(crate) fn log_the_number() {
    let each_minute = || {
        loop {
            thread::sleep(EVERY);
            log_and_begin_again();
        }
    };
    // Without the thread, the number is not logged; nothing else depends on it.
    let _ = thread::Builder::new().name("malformed-http".to_owned()).spawn(each_minute);
}

fn log_and_begin_again() {
    let connections = SINCE_THE_LAST_LINE.swap(0, Ordering::Relaxed);
    if connections > 0 {
        tracing::warn!(connections, "connections ended because of malformed HTTP in this minute");
    }
}

fn is_malformed(event: &Event<'_>) -> bool {
    let metadata = event.metadata();
    if *metadata.level() != Level::ERROR || !metadata.target().starts_with(TARGET) {
        return false;
    }
    let mut message = Message(false);
    event.record(&mut message);
    message.0
}

/// Whether the message begins like those about malformed requests.
struct Message(bool);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let text = format!("{value:?}");
            self.0 = BEGINNINGS.iter().any(|beginning| text.starts_with(beginning));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("a buffer").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn malformed_http_is_one_line_with_a_number_and_other_errors_stay() {
        let lines = Lines::default();
        let writer = lines.clone();
        let format = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
        let subscriber = Registry::default().with(format.with_ansi(false)).with(Gather);
        tracing::subscriber::with_default(subscriber, || {
            for n in 0..1_000 {
                tracing::error!(target: "actix_http::h1::dispatcher", "stream error: {n}");
            }
            tracing::error!(target: "actix_http::h1::dispatcher", "write zero; closing");
            tracing::error!("stream error: of somebody else");
            log_and_begin_again();
            log_and_begin_again();
        });
        let log = String::from_utf8(lines.0.lock().expect("a buffer").clone()).expect("text");
        assert_eq!(log.lines().count(), 3, "{log}");
        assert!(log.contains("malformed HTTP in this minute connections=1000"), "{log}");
    }
}
