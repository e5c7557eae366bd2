//! Logs: structured, on stderr, with control characters escaped.

use std::fmt;
use std::io::{IsTerminal as _, stderr};

use anstream::{AutoStream, ColorChoice};
use tracing::field::Field;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::LogFormat;
use crate::log_output::{Output, REQUESTS};
use crate::malformed_http;
use crate::request_lines::RequestLines;
use crate::trace;

/// Starts logging in a deployment on Google Cloud: like [`init`], but lines within a request carry
/// its trace, which belongs to `project`.
pub fn init_on_google_cloud(format: Option<LogFormat>, project: &str) {
    if format.unwrap_or_else(default_format) == LogFormat::Stackdriver {
        trace::belong_to(project);
    }
    init(format);
}

/// Starts logging, at level `info` unless `RUST_LOG` says otherwise. Has no effect in a process
/// that already logs.
pub fn init(format: Option<LogFormat>) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,actix_server=warn"));
    let layer = layer(format.unwrap_or_else(default_format));
    let subscriber = Registry::default().with(layer).with(filter).with(malformed_http::Gather);
    match subscriber.try_init() {
        Ok(()) => malformed_http::log_the_number(),
        Err(error) => eprintln!("logging is already set up: {error}"),
    }
}

fn default_format() -> LogFormat {
    if stderr().is_terminal() { LogFormat::Pretty } else { LogFormat::Stackdriver }
}

fn layer(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    match format {
        LogFormat::Stackdriver => {
            let others = filter_fn(|meta| meta.target() != REQUESTS);
            let lines = tracing_stackdriver::layer().with_source_location(false);
            lines.with_writer(Output).with_filter(others).and_then(RequestLines).boxed()
        }
        LogFormat::Pretty => tracing_subscriber::fmt::layer()
            .fmt_fields(debug_fn(write_field).delimited(" "))
            .with_ansi(wants_colours())
            .with_target(false)
            .with_writer(Output)
            .boxed(),
    }
}

/// A terminal does, unless `NO_COLOR`, `CLICOLOR` or its own kind says otherwise.
fn wants_colours() -> bool {
    AutoStream::choice(&stderr()) != ColorChoice::Never
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    let value = escape(&format!("{value:?}"));
    match field.name() {
        "message" => write!(writer, "{value}"),
        name => write!(writer, "{name}={value}"),
    }
}

/// Escapes control characters, so that no value can end a line or control a terminal.
fn escape(text: &str) -> String {
    let escape = |c: char| -> Box<dyn Iterator<Item = char>> {
        if c.is_control() { Box::new(c.escape_unicode()) } else { Box::new(std::iter::once(c)) }
    };
    text.chars().flat_map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_a_line_or_control_a_terminal() {
        assert_eq!(escape("a\nb\x1b[31m\u{9b}é"), "a\\u{a}b\\u{1b}[31m\\u{9b}é");
    }
}
