//! Texts that must fit their field. A page cannot choose how long its title is, so a text that is
//! too long is cut and marked; a client that wants to be told sends `strict=true`.

use actix_web::HttpRequest;
use common::event::{MAX_PATH_BYTES, MAX_PAYLOAD_BYTES, MAX_USER_ID_BYTES};
use common::hash;
use common::page::{bare_path, counted_path, cut_path};
use serde_json::Value;

use super::json::Object;
use super::{limits, payload, query};
use crate::problem::{Problem, ProblemCode};

/// How many hexadecimal digits tell apart long user ids that begin alike.
const TAIL_DIGITS: usize = 16;

/// Makes the texts of one event fit.
pub(super) struct Fit {
    is_strict: bool,
    /// Whether a text was cut.
    pub(super) truncated: bool,
}

impl Fit {
    /// As the request's query asks.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        Ok(Self { is_strict: query::flag(request, "strict")?, truncated: false })
    }

    /// A text of 1 to `most` bytes without control characters.
    pub(super) fn text(
        &mut self,
        body: &mut Object,
        field: &str,
        text: &str,
        most: usize,
    ) -> String {
        self.check(body, field, text, most);
        let text = printable(text);
        let end = text.floor_char_boundary(most);
        self.truncated |= end < text.len();
        text[..end].to_owned()
    }

    /// A user id. The part that is cut off a long one is hashed into it, so that no two users
    /// become one.
    pub(super) fn user_id(&mut self, body: &mut Object, user_id: &str) -> String {
        self.check(body, "user_id", user_id, MAX_USER_ID_BYTES);
        let printable = printable(user_id);
        if printable.len() <= MAX_USER_ID_BYTES {
            return printable;
        }
        self.truncated = true;
        let end = printable.floor_char_boundary(MAX_USER_ID_BYTES - TAIL_DIGITS - 1);
        format!("{}~{}", &printable[..end], &hash::sha256(user_id)[..TAIL_DIGITS])
    }

    /// The path that is counted for a page; `None` if the place is not a page.
    pub(super) fn path(&mut self, body: &mut Object, field: &str, place: &str) -> Option<String> {
        let path = counted_path(place)?;
        if self.is_strict && bare_path(place).contains(char::is_control) {
            body.wrong(ProblemCode::OutOfRange, field, limits::CONTROL);
        }
        self.check(body, field, &path, MAX_PATH_BYTES);
        let cut = cut_path(&path, MAX_PATH_BYTES);
        self.truncated |= cut.len() < path.len();
        Some(cut.to_owned())
    }

    /// A payload as JSON text.
    pub(super) fn payload(&mut self, body: &mut Object, payload: Value) -> String {
        let text = payload.to_string();
        if text.len() <= MAX_PAYLOAD_BYTES {
            return text;
        }
        if self.is_strict {
            let reason = format!("must be at most {MAX_PAYLOAD_BYTES} bytes long as JSON");
            body.wrong(ProblemCode::OutOfRange, "payload", reason);
        }
        self.truncated = true;
        payload::cut(payload, MAX_PAYLOAD_BYTES)
    }

    /// An empty text is always wrong. The rest is wrong only for clients that ask to be told.
    fn check(&self, body: &mut Object, field: &str, text: &str, most: usize) {
        if let Err(reason) = limits::text(text, most)
            && (self.is_strict || text.is_empty())
        {
            body.wrong(ProblemCode::OutOfRange, field, reason);
        }
    }
}

fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{FFFD}")
}
