//! The clients, the most used first.

use super::installed::Package::{self, Debian, Npm, Pypi, Python};

/// A client and how it is run.
#[derive(Debug)]
pub(crate) struct Client {
    /// What people call it.
    pub(crate) name: &'static str,
    /// Where it comes from.
    pub(crate) package: Package,
    /// How it is run.
    pub(crate) runs: Runs,
    /// The line that names Spillway, as its users write it.
    pub(crate) line: &'static str,
    /// What it knows of what it sent.
    pub(crate) notices: Notices,
}

/// How a client is run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Runs {
    /// By Node.js: a script in `e2e/clients/node`, and its argument.
    Node(&'static str, &'static str),
    /// By Python: a script in `e2e/clients/python`.
    Python(&'static str),
    /// In a page: a script that was bundled from `e2e/clients/browser`.
    Page(&'static str),
}

/// What a client knows of what it sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notices {
    /// It reads the answers.
    Answers,
    /// It sends, and does not look at what comes back.
    Nothing,
}

/// A client that reads the answers.
const fn client(name: &'static str, package: Package, runs: Runs, line: &'static str) -> Client {
    Client { name, package, runs, line, notices: Notices::Answers }
}

/// A client that does not look at what comes back.
const fn blind(name: &'static str, package: Package, runs: Runs, line: &'static str) -> Client {
    Client { name, package, runs, line, notices: Notices::Nothing }
}

/// All of them.
pub(crate) const CLIENTS: &[Client] = &[
    client(
        "OpenTelemetry logs, Python",
        Pypi("opentelemetry-exporter-otlp-proto-http"),
        Runs::Python("opentelemetry_logs.py"),
        "OTLPLogExporter(endpoint=\"http://localhost:8080/v1/logs?dedup=content\", headers={\"X-Tenant-ID\": \"acme\"})",
    ),
    client(
        "OpenTelemetry logs, Node.js, JSON",
        Npm("@opentelemetry/exporter-logs-otlp-http"),
        Runs::Node("opentelemetry.mjs", "http"),
        "new OTLPLogExporter({ url: \"http://localhost:8080/v1/logs?dedup=content\", headers: { \"X-Tenant-ID\": \"acme\" } })",
    ),
    client(
        "OpenTelemetry logs, Node.js, protobuf",
        Npm("@opentelemetry/exporter-logs-otlp-proto"),
        Runs::Node("opentelemetry.mjs", "proto"),
        "new OTLPLogExporter({ url: \"http://localhost:8080/v1/logs?dedup=content\", headers: { \"X-Tenant-ID\": \"acme\" } })",
    ),
    client(
        "Plausible, in a page",
        Npm("@plausible-analytics/tracker"),
        Runs::Page("plausible.js"),
        "init({ domain: \"shop\", endpoint: \"http://localhost:8080/api/event\" })",
    ),
    blind(
        "plausible-tracker, in a page",
        Npm("plausible-tracker"),
        Runs::Page("plausible-tracker.js"),
        "Plausible({ domain: \"shop\", apiHost: \"http://localhost:8080\" })",
    ),
    client(
        "Umami, Node.js",
        Npm("@umami/node"),
        Runs::Node("umami.mjs", ""),
        "umami.init({ websiteId: \"shop\", hostUrl: \"http://localhost:8080\" })",
    ),
    client(
        "Segment, Node.js",
        Npm("@segment/analytics-node"),
        Runs::Node("segment.mjs", ""),
        "new Analytics({ writeKey: \"shop\", host: \"http://localhost:8080\" })",
    ),
    client(
        "Segment, Python",
        Pypi("segment-analytics-python"),
        Runs::Python("segment_events.py"),
        "Client(\"shop\", host=\"http://localhost:8080\")",
    ),
    client(
        "Segment, in a page",
        Npm("@segment/analytics-next"),
        Runs::Page("segment.js"),
        "integrations: { \"Segment.io\": { apiHost: \"localhost:8080/v1\", protocol: \"http\" } }",
    ),
    client(
        "PostHog, Node.js",
        Npm("posthog-node"),
        Runs::Node("posthog.mjs", ""),
        "new PostHog(\"shop\", { host: \"http://localhost:8080\" })",
    ),
    client(
        "PostHog, Python",
        Pypi("posthog"),
        Runs::Python("posthog_events.py"),
        "Posthog(\"shop\", host=\"http://localhost:8080\")",
    ),
    client(
        "PostHog, in a page",
        Npm("posthog-js"),
        Runs::Page("posthog.js"),
        "posthog.init(\"shop\", { api_host: \"http://localhost:8080\" })",
    ),
    client(
        "Elasticsearch, Node.js",
        Npm("@elastic/elasticsearch"),
        Runs::Node("elasticsearch.mjs", ""),
        "new Client({ node: \"http://localhost:8080/elasticsearch\", auth: { username: \"acme\", password: \"-\" } })",
    ),
    client(
        "Elasticsearch, Python",
        Pypi("elasticsearch"),
        Runs::Python("elasticsearch_bulk.py"),
        "Elasticsearch(\"http://localhost:8080/elasticsearch\", basic_auth=(\"acme\", \"-\"))",
    ),
    client(
        "Loki, python-logging-loki",
        Pypi("python-logging-loki"),
        Runs::Python("loki.py"),
        "LokiHandler(url=\"http://localhost:8080/loki/api/v1/push?tenant_id=acme\", version=\"1\")",
    ),
    client(
        "Loki, winston-loki, JSON",
        Npm("winston-loki"),
        Runs::Node("winston-loki.mjs", "json"),
        "new LokiTransport({ host: \"http://localhost:8080\", headers: { \"X-Scope-OrgID\": \"acme\" }, json: true })",
    ),
    client(
        "Loki, winston-loki, protobuf",
        Npm("winston-loki"),
        Runs::Node("winston-loki.mjs", "proto"),
        "new LokiTransport({ host: \"http://localhost:8080\", headers: { \"X-Scope-OrgID\": \"acme\" } })",
    ),
    client(
        "Snowplow, Node.js",
        Npm("@snowplow/node-tracker"),
        Runs::Node("snowplow.mjs", ""),
        "newTracker({ namespace: \"sp\", appId: \"shop\" }, { endpoint: \"http://localhost:8080\" })",
    ),
    client(
        "Snowplow, Python",
        Pypi("snowplow-tracker"),
        Runs::Python("snowplow.py"),
        "Tracker(\"sp\", Emitter(\"http://localhost:8080\"), app_id=\"shop\")",
    ),
    client(
        "Snowplow, in a page",
        Npm("@snowplow/browser-tracker"),
        Runs::Page("snowplow.js"),
        "newTracker(\"sp\", \"http://localhost:8080\", { appId: \"shop\" })",
    ),
    client(
        "Matomo, Node.js",
        Npm("matomo-tracker"),
        Runs::Node("matomo.mjs", ""),
        "new MatomoTracker(\"shop\", \"http://localhost:8080/matomo.php\")",
    ),
    client(
        "winston",
        Npm("winston"),
        Runs::Node("winston.mjs", ""),
        "new winston.transports.Http({ port: 8080, path: \"/records?tenant_id=acme\", batch: true })",
    ),
    client(
        "pino, pino-http-send",
        Npm("pino-http-send"),
        Runs::Node("pino.mjs", ""),
        "pino-http-send --url=\"http://localhost:8080/records?tenant_id=acme&dedup=content\"",
    ),
    blind(
        "Python's HTTPHandler",
        Python,
        Runs::Python("http_handler.py"),
        "HTTPHandler(\"localhost:8080\", \"/ingest?tenant_id=acme\", method=\"POST\")",
    ),
    client(
        "Splunk, Node.js",
        Npm("splunk-logging"),
        Runs::Node("splunk.mjs", ""),
        "new splunk.Logger({ token: \"acme\", url: \"http://localhost:8080\" })",
    ),
    client(
        "Splunk, Python",
        Pypi("splunk-handler"),
        Runs::Python("splunk.py"),
        "SplunkHandler(host=\"localhost\", port=8080, protocol=\"http\", token=\"acme\", index=\"main\")",
    ),
    client(
        "CloudEvents, Node.js, binary",
        Npm("cloudevents"),
        Runs::Node("cloudevents.mjs", "binary"),
        "emitterFor(httpTransport(\"http://localhost:8080/event?site_id=shop\"))",
    ),
    client(
        "CloudEvents, Node.js, structured",
        Npm("cloudevents"),
        Runs::Node("cloudevents.mjs", "structured"),
        "emitterFor(httpTransport(\"http://localhost:8080/event?site_id=shop\"), { mode: Mode.STRUCTURED })",
    ),
    client(
        "syslog-ng, http()",
        Debian("syslog-ng-mod-http", "3.38.1"),
        Runs::Python("syslog_ng.py"),
        "http(url(\"http://localhost:8080/records\") headers(\"X-Tenant-ID: acme\") body(\"$(format-json --pair message=$MESSAGE --pair log_id=$HOST-$RCPTID)\") delimiter(\"\\n\") batch-lines(20))",
    ),
    client(
        "rsyslog, omelasticsearch",
        Debian("rsyslog-elasticsearch", "8.2302.0"),
        Runs::Python("rsyslog.py"),
        "action(type=\"omelasticsearch\" server=\"http://localhost:8080/elasticsearch\" uid=\"acme\" pwd=\"-\" searchType=\"\" bulkmode=\"on\" template=\"document\" bulkid=\"id\" dynbulkid=\"on\")",
    ),
    client(
        "systemd-journal-upload",
        Debian("systemd-journal-remote", "252"),
        Runs::Python("journal_upload.py"),
        "systemd-journal-upload --url=http://localhost:8080/tenants/acme",
    ),
];
