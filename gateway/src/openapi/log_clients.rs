//! The doors for log clients, as operations. Requests and answers are those of their protocols;
//! `docs/CLIENTS.md` says which parts are kept.

use utoipa::openapi::Required;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, Paths,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder, ResponsesBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::forms::{TenantId, of};

/// The tag of all doors.
pub(super) const TAG: &str = "clients";

/// A path of a protocol.
struct Door {
    path: &'static str,
    methods: &'static [HttpMethod],
    id: &'static str,
    summary: &'static str,
    /// The types of the body; none for what is read.
    takes: &'static [&'static str],
    /// The status if all is well, and the type of its body, if it has one.
    answers: (&'static str, Option<&'static str>),
}

/// The description of each operation.
const ABOUT: &str = "docs/CLIENTS.md says what is kept of a request, and how the protocol names \
    tenants and records.";

const POST: &[HttpMethod] = &[HttpMethod::Post];
const POST_AND_PUT: &[HttpMethod] = &[HttpMethod::Post, HttpMethod::Put];
const GET: &[HttpMethod] = &[HttpMethod::Get];
const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const PROTOBUF: &str = "application/x-protobuf";
const TEXT: &str = "text/plain";
const JOURNAL: &str = "application/vnd.fdo.journal";

const DOORS: [Door; 20] = [
    door("/v1/logs", POST, "postOtlpLogs", "Takes log records of OpenTelemetry")
        .takes(&[PROTOBUF, JSON])
        .answers("200", Some(JSON)),
    door("/loki/api/v1/push", POST, "pushToLoki", "Takes streams of Loki")
        .takes(&[JSON, PROTOBUF])
        .answers("204", None),
    bulk("/elasticsearch/_bulk", "bulk"),
    bulk("/elasticsearch/{index}/_bulk", "bulkOfIndex"),
    bulk("/_bulk", "bulkAtRoot"),
    bulk("/{index}/_bulk", "bulkOfIndexAtRoot"),
    handshake("/elasticsearch", "getElasticsearch", "Says which version of Elasticsearch this is"),
    handshake(
        "/elasticsearch/_license",
        "getElasticsearchLicense",
        "Says that nothing is licensed",
    ),
    handshake(
        "/elasticsearch/_xpack",
        "getElasticsearchFeatures",
        "Says that there are no features",
    ),
    handshake(
        "/elasticsearch/_cluster/health",
        "getElasticsearchHealth",
        "Says that it is running",
    ),
    events("/services/collector", "collect"),
    events("/services/collector/event", "collectEvents"),
    events("/services/collector/event/1.0", "collectEvents1"),
    raw("/services/collector/raw", "collectLines"),
    raw("/services/collector/raw/1.0", "collectLines1"),
    handshake("/services/collector/health", "getCollectorHealth", "Says whether it takes events"),
    handshake(
        "/services/collector/health/1.0",
        "getCollectorHealth1",
        "Says whether it takes events",
    ),
    door("/records", POST, "postRecords", "Takes what any shipper posts")
        .takes(&[JSON, NDJSON, TEXT]),
    journal("/upload", "uploadJournal"),
    journal("/tenants/{tenant}/upload", "uploadJournalOfTenant"),
];

const fn door(
    path: &'static str,
    methods: &'static [HttpMethod],
    id: &'static str,
    summary: &'static str,
) -> Door {
    Door { path, methods, id, summary, takes: &[], answers: ("200", Some(JSON)) }
}

const fn bulk(path: &'static str, id: &'static str) -> Door {
    door(path, POST_AND_PUT, id, "Takes documents as Elasticsearch's bulk API")
        .takes(&[NDJSON, JSON])
}

const fn events(path: &'static str, id: &'static str) -> Door {
    door(path, POST, id, "Takes events as Splunk's event collector").takes(&[JSON, TEXT])
}

const fn raw(path: &'static str, id: &'static str) -> Door {
    door(path, POST, id, "Takes lines as Splunk's event collector").takes(&[TEXT, JSON])
}

const fn handshake(path: &'static str, id: &'static str, summary: &'static str) -> Door {
    door(path, GET, id, summary)
}

const fn journal(path: &'static str, id: &'static str) -> Door {
    door(path, POST, id, "Takes entries of systemd's journal")
        .takes(&[JOURNAL])
        .answers("202", Some(TEXT))
}

impl Door {
    const fn takes(self, takes: &'static [&'static str]) -> Self {
        Self { takes, ..self }
    }

    const fn answers(self, status: &'static str, body: Option<&'static str>) -> Self {
        Self { answers: (status, body), ..self }
    }

    fn operation(&self, method: &HttpMethod) -> Operation {
        let id = match method {
            HttpMethod::Put => format!("{}ByPut", self.id),
            _ => self.id.to_owned(),
        };
        let (status, body) = self.answers;
        let responses = ResponsesBuilder::new()
            .response(status, response("All is well.", body))
            .response("default", response("An error, in the protocol's own form.", None));
        let body = RequestBodyBuilder::new().required(Some(Required::True));
        let body = self.takes.iter().fold(body, |body, kind| body.content(*kind, content(kind)));
        OperationBuilder::new()
            .tag(TAG)
            .operation_id(Some(id))
            .summary(Some(self.summary))
            .description(Some(ABOUT))
            .parameters(Some(self.parameters()))
            .request_body((!self.takes.is_empty()).then(|| body.build()))
            .responses(responses)
            .build()
    }

    /// The parameters in the path, and the tenant if nothing else names it.
    fn parameters(&self) -> Vec<Parameter> {
        let place = |name: &str, description: &str| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some(description))
        };
        let text = ObjectBuilder::new().schema_type(Type::String);
        let index = place("index", "The index of actions that name none.").schema(Some(text));
        let tenant = place("tenant", "The tenant.").schema(Some(of::<TenantId>()));
        let in_path = [("{index}", index), ("{tenant}", tenant)];
        in_path
            .into_iter()
            .filter(|(part, _)| self.path.contains(part))
            .map(|(_, parameter)| parameter.build())
            .collect()
    }
}

fn response(description: &str, body: Option<&str>) -> Response {
    let response = ResponseBuilder::new().description(description);
    match body {
        Some(kind) => response.content(kind, content(kind)).build(),
        None => response.build(),
    }
}

fn content(kind: &str) -> Content {
    let kind = if kind == JSON { Type::Object } else { Type::String };
    ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(kind))).build()
}

/// Adds an operation for each path and method.
pub(super) fn describe(paths: &mut Paths) {
    for door in &DOORS {
        let item = paths.paths.entry(door.path.to_owned()).or_default();
        for method in door.methods {
            let operation = Some(door.operation(method));
            match method {
                HttpMethod::Get => item.get = operation,
                HttpMethod::Put => item.put = operation,
                _ => item.post = operation,
            }
        }
    }
}
