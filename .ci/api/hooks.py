"""What the client generated from docs/openapi.json needs to know and no schema can say: rules
between several parameters, the time of day, and the formats of batches."""

import gzip
import json
import os
import random
import re
import zlib
from datetime import date, datetime, timedelta, timezone

import schemathesis
from hypothesis import strategies as st

# The fields and reasons for which the gateway may refuse a request that fits its schema.
BEYOND_SCHEMAS = [
    ("page_token", "is not a page token of this (listing|export)"),
    (".*", "must not be before the year 2000"),
    (".*", "must not be more than 24 hours in the future"),
    (".*", "must be a time such as 2025-05-01T10:00:00Z, or seconds or milliseconds since 1970"),
    (".*", r"must be at most \d+ bytes long"),
    # An entry's method may be any value to its schema, since a bad one costs that entry alone.
    (r"(.*\.)?method", "must be a string"),
    # A text has several names, and the value of each may be null: then there is no text.
    ("text", "is required"),
    # To a schema, 42.0 is a whole number, whose digits could be written in two ways.
    (r"(.*_|.*-)?id", "must be a string or a whole number below .*"),
    # To Python, the end of a pattern may be followed by a line break.
    (".*", "must not contain control characters"),
    ("from|to|date|start_date|end_date", r"must be a day, or midnight in UTC: .*"),
    ("from|to|date|start_date|end_date", r"must be a day or a full hour: .*"),
    ("from|to|start_date|end_date", r"must not be after .*"),
    ("from|to|start_date|end_date", "falls within an hour, because of the site's time zone: .*"),
    ("filter", r"must be .*"),
    ("compare", "needs a period with a start and an end"),
    ("hosts|query_parameters|excluded_addresses|excluded_paths", "has .*"),
    ("hosts|query_parameters|excluded_addresses|excluded_paths", "must have items of at most .*"),
    ("time_zone", "must be the name of a time zone, .*"),
    # To Python, the end of a pattern may be followed by a line break.
    ("dashboard_token", "must be 16 to 128 letters, .*"),
]
TENANT = "acme"


# -- The document


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """When a token is set, it is not optional."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            if os.environ.get("READ_TOKEN") and {} in operation.get("security", []):
                operation["security"].remove({})


# -- Requests


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or case.meta.generation.mode.is_positive:
        name_one_tenant(case)
        name_one_record(case)
        ask_for_one_period(case.query)
        if case.path in ("/stats/series", "/logs/stats"):
            end_soon(case.query)
        if case.path == "/stats/breakdown":
            filter_by_what_is_asked(case.query)
        if case.path in ("/stats/breakdown", "/stats/visits"):
            compare_what_has_both_ends(case.query)
        if case.method == "DELETE" and case.query:
            remove_a_user_or_a_page(case.query)
        if case.path == "/logs" and case.query:
            # The type of the body says what it is.
            case.query.pop("format", None)
        write_text(case)
    else:
        spoil_times(case.body)
        if case.path == "/logs":
            # Without it, one valid entry is enough to be accepted.
            case.query = {**(case.query or {}), "strict": "true"}
    kwargs["auth"] = compress


def spoil_times(body):
    """A number is a time too, which the schema does not say, so that clients have one type for times."""
    for item in (body, *items(body)):
        for name in ("timestamp", "receivedAt"):
            if isinstance(item, dict) and isinstance(item.get(name), (int, float)):
                item[name] = {}


def remove_a_user_or_a_page(query):
    """A page is not removed of a user."""
    if "user_id" in query:
        query.pop("path", None)


def filter_by_what_is_asked(query):
    """A filter names the dimension."""
    if "filter" in query:
        query["filter"] = f"{query['dimension']}:{query['filter']}"


def compare_what_has_both_ends(query):
    """A comparison needs a period with both ends."""
    if query and "date" not in query and not {"from", "to"} <= query.keys():
        query.pop("compare", None)


def name_one_tenant(case):
    """Header, query, path and body agree."""
    tenant = (case.path_parameters or {}).get("tenant", TENANT)
    for container in (case.headers, case.query, case.body, *items(case.body)):
        for name in ("X-Tenant-ID", "X-Customer-ID", "tenant_id", "site_id", "customer_id"):
            if isinstance(container, (dict, type(case.headers))) and name in container:
                container[name] = tenant
    case.headers["X-Tenant-ID"] = tenant


def items(body):
    """What a batch holds."""
    held = body.get("logs") if isinstance(body, dict) else body
    return held if isinstance(held, list) else []


def name_one_record(case):
    """Header and body agree. A header cannot name the texts of a batch."""
    if "X-Log-ID" not in case.headers:
        return
    is_object = isinstance(case.body, dict)
    is_batch = isinstance(case.body, list) or (is_object and "logs" in case.body)
    if is_batch or case.media_type == "application/x-ndjson":
        del case.headers["X-Log-ID"]
    elif is_object and case.body.get("log_id") is not None:
        case.headers["X-Log-ID"] = str(case.body["log_id"])


def ask_for_one_period(query):
    """One spelling, and an end that is not before the start."""
    if not query:
        return
    if "date" in query:
        for name in ("from", "to", "start_date", "end_date"):
            query.pop(name, None)
    for other, name in (("start_date", "from"), ("end_date", "to")):
        if other in query:
            query.setdefault(name, query[other])
            del query[other]
    if "from" in query and "to" in query:
        query["from"], query["to"] = sorted((query["from"], query["to"]), key=moment)


def moment(text):
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def end_soon(query):
    """There are windows, and not too many of them, at every grain."""
    if query and "from" in query:
        is_day = len(query["from"]) == len("2025-05-01")
        later = lambda: instant(moment(query["from"]) + timedelta(hours=12))
        query["to"] = query["from"] if is_day else later()


def write_text(case):
    """A text gets the format that its path reads. The same body always becomes the same text."""
    write = TEXTS.get((case.path, case.media_type))
    if write is not None:
        case.body = write(random.Random(str(case.body)))


def compress(request):
    """The body is compressed when its encoding says so."""
    encoding = request.headers.get("Content-Encoding")
    if encoding == "zstd":
        # This Python does not know it.
        encoding = request.headers["Content-Encoding"] = "gzip"
    write = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}.get(encoding)
    if write and request.body:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        request.body = write(body)
        request.headers["Content-Length"] = str(len(request.body))
    return request


# -- Texts


def entries(rng):
    def entry():
        at = datetime.fromtimestamp(rng.randrange(946684800, 1735689600), timezone.utc)
        path = "/" + "".join(rng.choices("ab/ü%.~-<>' ", k=rng.randrange(20)))
        agent = rng.choice(["curl/8.5.0", "Mozilla/5.0 (X11; Linux) Firefox/121.0", "-", "<b>"])
        return at.strftime("%d/%b/%Y:%H:%M:%S +0000"), rng.choice(["GET", "post"]), path, agent

    return [entry() for _ in range(rng.randrange(1, 6))]


def lines_of_texts(rng):
    text = lambda: "".join(rng.choices("ab/ü 0123@.", k=rng.randrange(1, 40)))
    names = ("text", "message", "msg", "log", "body")
    return "".join(json.dumps({rng.choice(names): text()}) + "\n" for _ in range(rng.randrange(1, 6)))


def ndjson(rng):
    names = ("receivedAt", "method", "path", "userAgent")
    return "".join(json.dumps(dict(zip(names, entry))) + "\n" for entry in entries(rng))


def csv(rng):
    rows = [("ts", "path", "method", "user_agent")]
    rows += [(at, path, method, agent) for at, method, path, agent in entries(rng)]
    return "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in rows)


def combined(rng):
    line = '203.0.113.7 - - [{}] "{} {} HTTP/1.1" 200 512 "-" "{}"\n'
    return "".join(line.format(*entry) for entry in entries(rng))


def site_event(rng):
    return json.dumps({"event_type": rng.choice(["view", "<script>"]), "path": rng.choice(["/", "ü"])})


def interaction(rng):
    latitude, longitude = rng.uniform(-90, 90), rng.uniform(-180, 180)
    event = rng.choice([
        {"event_type": "view", "payload": {"url": "https://acme.example/"}},
        {"event_type": "click"},
        {"event_type": "location", "payload": {"latitude": latitude, "longitude": longitude}},
    ])
    return json.dumps({"user_id": "u-1", **event})


TEXTS = {
    ("/ingest", "application/x-ndjson"): lines_of_texts,
    ("/logs", "application/x-ndjson"): ndjson,
    ("/logs", "text/csv"): csv,
    ("/logs", "text/plain"): combined,
    ("/event", "text/plain"): site_event,
    ("/events", "text/plain"): interaction,
}


@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_it_is(context, value):
    """What is no text becomes JSON that ends too early: whole, it could be a line of a batch."""
    return (value if isinstance(value, str) else json.dumps([value])[:-1]).encode()


# -- Times


def instant(time):
    return time.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


recent = st.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2025, 1, 1), timezones=st.just(timezone.utc)
)
schemathesis.openapi.format("date-time", recent.map(instant))
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2025, 1, 1))
schemathesis.openapi.format(
    "day-or-date-time", st.one_of(days.map(str), recent.map(instant))
)


# -- Answers


@schemathesis.check
def code_is_described(context, response, case):
    """The examples of an answer are its codes, since all problems have one schema."""
    answers = case.operation.definition.raw["responses"]
    content = answers.get(str(response.status_code), {}).get("content", {})
    described = content.get("application/problem+json", {}).get("examples")
    code = response.json().get("code") if described else None
    assert code is None or code in described, f"the code {code} is not described"


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops refusals for a reason that no schema can say."""
    if not isinstance(failure, schemathesis.openapi.checks.RejectedPositiveData):
        return True
    return not is_beyond_schemas(response)


def is_beyond_schemas(response):
    errors = response.json().get("errors", [])
    return bool(errors) and all(map(is_known, errors))


def is_known(error):
    return any(
        re.fullmatch(field, error["field"], re.IGNORECASE) and re.fullmatch(reason, error["reason"])
        for field, reason in BEYOND_SCHEMAS
    )
