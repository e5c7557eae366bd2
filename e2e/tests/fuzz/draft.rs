//! A request that is still being changed, and the one that is sent.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use rand::rngs::StdRng;
use serde_json::{Map, Value};

/// Stands in texts for half an emoji, which a Rust string cannot hold.
pub(crate) const HALF_EMOJI: &str = "\u{e000}";
/// Stands for the other half.
pub(crate) const OTHER_HALF: &str = "\u{e001}";
/// Stands, as a whole text, for a number that no format holds.
pub(crate) const HUGE_NUMBER: &str = "\u{e002}";

/// A request that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// Whether the event is a view, if it is taken.
    pub(crate) is_view: bool,
}

/// How the bytes of a body are changed.
pub(crate) type ByteMutation = fn(&mut Vec<u8>, &mut StdRng);

/// A request that is being changed.
pub(crate) struct Draft {
    pub(crate) path: &'static str,
    pub(crate) query: Vec<String>,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) event: Map<String, Value>,
    pub(crate) bytes: Vec<ByteMutation>,
    pub(crate) envelope: Envelope,
    pub(crate) packing: Packing,
    pub(crate) is_view: bool,
}

/// What is around the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Envelope {
    None,
    Form,
    Multipart,
}

/// How the body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Deflate,
}

impl Draft {
    /// Sets a header; an earlier one of this name goes.
    pub(crate) fn header(&mut self, name: &'static str, value: impl Into<Vec<u8>>) {
        self.without(name);
        self.headers.push((name, value.into()));
    }

    /// Removes a header.
    pub(crate) fn without(&mut self, name: &'static str) {
        self.headers.retain(|(known, _)| *known != name);
    }

    /// The request as it is sent.
    pub(crate) fn finish(self, chance: &mut StdRng) -> Request {
        let mut body = written(&self.event);
        for mutate in &self.bytes {
            mutate(&mut body, chance);
        }
        let body = packed(self.packing, enveloped(self.envelope, body));
        let query = self.query.join("&");
        let path =
            if query.is_empty() { self.path.to_owned() } else { format!("{}?{query}", self.path) };
        Request { path, headers: self.headers, body, is_view: self.is_view }
    }
}

/// The event as JSON, with what only bytes can express.
fn written(event: &Map<String, Value>) -> Vec<u8> {
    let mut text = serde_json::to_string(event).expect("JSON");
    let stand_ins = [
        (format!("\"{HUGE_NUMBER}\""), "1e400"),
        (HALF_EMOJI.to_owned(), r"\ud83d"),
        (OTHER_HALF.to_owned(), r"\uDE00"),
    ];
    for (stand_in, written) in stand_ins {
        if text.contains(&stand_in) {
            text = text.replace(&stand_in, written);
        }
    }
    text.into_bytes()
}

fn enveloped(envelope: Envelope, body: Vec<u8>) -> Vec<u8> {
    let escaped = |byte: &u8| format!("%{byte:02X}").into_bytes();
    match envelope {
        Envelope::None => body,
        Envelope::Form => [b"data=".to_vec(), body.iter().flat_map(escaped).collect()].concat(),
        Envelope::Multipart => {
            let head = b"--b\r\nContent-Disposition: form-data; name=\"e\"\r\n\r\n";
            [&head[..], &body, b"\r\n--b--\r\n"].concat()
        }
    }
}

fn packed(packing: Packing, body: Vec<u8>) -> Vec<u8> {
    let fast = Compression::fast();
    match packing {
        Packing::None => body,
        Packing::Gzip => {
            let mut packer = GzEncoder::new(Vec::new(), fast);
            packer.write_all(&body).expect("memory");
            packer.finish().expect("memory")
        }
        Packing::Deflate => {
            let mut packer = ZlibEncoder::new(Vec::new(), fast);
            packer.write_all(&body).expect("memory");
            packer.finish().expect("memory")
        }
    }
}
