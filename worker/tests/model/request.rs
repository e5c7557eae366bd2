//! What clients send: few tenants, ids and contents, so that duplicates and conflicts are frequent.

use std::fmt::Write as _;

use common::path::DocumentPath;
use common::record::RecordId;
use common::tenant::TenantId;
use common::{event, log_batch, processed_log};
use serde_json::json;

/// The tenants.
pub(crate) const TENANTS: [&str; 2] = ["acme", "beta"];

/// How many ids clients use.
pub(crate) const IDS: u8 = 3;

/// The own documents of all records in several parts that clients may send.
pub(crate) fn paths_with_parts() -> impl Iterator<Item = DocumentPath> {
    let shapes = [Shape::LongText, Shape::LongBatch];
    let of_tenant = move |tenant| {
        let ids = move |shape| (0..IDS).map(move |id| Sending { shape, tenant, id, content: 0 });
        shapes.into_iter().flat_map(ids)
    };
    (0..TENANTS.len()).flat_map(of_tenant).map(Sending::path)
}

/// The kind and size of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A view of a page.
    Event,
    /// Three access-log entries.
    Batch,
    /// A text in one part.
    Text,
    /// A text in two parts.
    LongText,
    /// Access-log entries in two parts.
    LongBatch,
}

/// A record as a client sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sending {
    /// The kind and size.
    pub(crate) shape: Shape,
    /// The place of its tenant in [`TENANTS`].
    pub(crate) tenant: usize,
    /// Its id.
    pub(crate) id: u8,
    /// Another content under the same id is a conflict.
    pub(crate) content: u8,
}

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    /// The path.
    pub(crate) path: &'static str,
    /// Header lines.
    pub(crate) headers: String,
    /// JSON.
    pub(crate) body: String,
}

impl Sending {
    /// The tenant.
    pub(crate) fn tenant(self) -> TenantId {
        TenantId::parse(TENANTS[self.tenant]).expect("a tenant")
    }

    /// The record's id. Records in one part and in several have the same ids.
    fn id(self) -> RecordId {
        RecordId::parse(&self.id.to_string()).expect("an id")
    }

    /// The record's own document.
    pub(crate) fn path(self) -> DocumentPath {
        let (tenant, id) = (self.tenant(), self.id());
        match self.shape {
            Shape::Event => event::path(&tenant, &id),
            Shape::Batch | Shape::LongBatch => log_batch::path(&tenant, &id),
            Shape::Text | Shape::LongText => processed_log::path(&tenant, &id),
        }
    }

    /// The request that sends it.
    pub(crate) fn request(self) -> Request {
        let (path, body) = match self.shape {
            Shape::Event => ("/event", self.event()),
            Shape::Batch => ("/logs", self.entries(3)),
            Shape::LongBatch => ("/logs", self.entries(50)),
            Shape::Text => ("/ingest", self.text(1)),
            Shape::LongText => ("/ingest", self.text(125)),
        };
        let (tenant, id) = (TENANTS[self.tenant], self.id);
        let headers = match self.shape {
            Shape::Batch | Shape::LongBatch => {
                format!("X-Tenant-ID: {tenant}\r\nIdempotency-Key: {id}\r\n")
            }
            _ => String::new(),
        };
        Request { path, headers, body }
    }

    /// Different events of one content have the same user and page.
    fn event(self) -> String {
        let Self { tenant, id, content, .. } = self;
        json!({
            "site_id": TENANTS[tenant], "event_id": id, "event_type": "view",
            "user_id": format!("user {content}"), "path": format!("/{content}"),
            "timestamp": "2025-05-01T10:00:00Z",
        })
        .to_string()
    }

    /// One entry a day: 50 of them count in more documents than one part may.
    fn entries(self, count: u32) -> String {
        let entry = |n: u32| {
            let (month, day) = (1 + n / 25, 1 + n % 25);
            json!({
                "receivedAt": format!("2025-{month:02}-{day:02}T10:00:00Z"), "method": "GET",
                "path": format!("/{}", self.content), "userAgent": "curl/8.5.0",
            })
        };
        (0..count).map(entry).collect::<serde_json::Value>().to_string()
    }

    fn text(self, lines: u32) -> String {
        let Self { tenant, id, content, .. } = self;
        let mut text = String::new();
        for line in 0..lines {
            writeln!(text, "line {line} of {content}: call 555-0199 again").expect("written");
        }
        json!({ "tenant_id": TENANTS[tenant], "log_id": id.to_string(), "text": text }).to_string()
    }
}
