#!/usr/bin/env python3
"""What Spillway costs on Google Cloud: the tables of docs/OPERATIONS.md, from docs/prices.toml.

Prints them; with --write puts them into the page, with --check fails where the page differs.
The quantities are the design's own; where they depend on the traffic, the assumption has a name
below and stands in the page.
"""

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE / "OPERATIONS.md"
BEGIN, END = "<!-- cost: python3 docs/cost.py --write -->\n", "<!-- end of cost -->"
PRICES = tomllib.loads((HERE / "prices.toml").read_text())

MILLION, GIB, TIB = 10**6, 2**30, 2**40

# The design.
SECONDS_PER_CHARACTER = 0.05  # WORK_SECONDS_PER_CHAR
CHARACTERS_PER_PART = 4_000
# The most bytes of both texts in one document; longer ones stay in their parts.
MAX_JOINED_BYTES = (1 << 20) - (16 << 10)
ENVELOPE = 260  # bytes of a message's attributes, time and id
ENTRY = 260  # bytes of an access log's entry: the mean of gateway/src/formats/sample.log
LEAST_REQUEST = 1_000  # bytes: what Pub/Sub charges for a smaller publish or push
LOG_LINE = 800  # bytes: what Cloud Run logs of a request
# Documents of one value: its grains, and for users the day and all days.
PER_TYPE, PER_PATH, PER_USER, PER_ACCESS_LOG_VALUE = 3, 2, 2, 3

# Terraform's defaults.
INSTANCE_CPU, INSTANCE_GIB = 1, 1
TOPIC_DAYS = 7  # replay_days
CONDITIONS = 5  # alerts

# The traffic.
GATEWAY_SECONDS, GATEWAY_AT_ONCE = 0.05, 10  # a request; requests in an instance at once
COMMIT_SECONDS = 0.3  # an event or a part of a batch: the wait for its commit, and the commit
IMAGES_GIB = 3


def price(name):
    return PRICES[name]["price"]


@dataclass
class Record:
    """One kind of record: what one of them needs."""

    kind: str
    lever: str
    requests: float  # to the gateway
    messages: float
    bytes: float  # the data of all its messages
    work_seconds: float  # of all its messages
    at_once: float  # pushes in a worker's instance at once
    writes: float
    reads: float
    stored_bytes: float  # in Firestore, indexes included

    def pubsub(self):
        carried = self.bytes + self.messages * ENVELOPE
        published = max(carried, self.requests * LEAST_REQUEST)
        pushed = max(carried, self.messages * LEAST_REQUEST)
        delivered = (published + pushed) / TIB * price("pubsub_delivery")
        kept = carried / GIB * TOPIC_DAYS / 30 * price("pubsub_retention")
        return delivered + carried / TIB * price("pubsub_export") + kept

    def run(self):
        requests = self.requests + self.messages
        seconds = self.requests * GATEWAY_SECONDS / GATEWAY_AT_ONCE + self.work_seconds / self.at_once
        second = INSTANCE_CPU * price("run_cpu") + INSTANCE_GIB * price("run_memory")
        logged = requests * LOG_LINE / GIB * price("logging")
        return requests / MILLION * price("run_requests") + seconds * second + logged

    def firestore(self):
        return (self.writes * price("firestore_writes") + self.reads * price("firestore_reads")) / 1e5

    def kept(self):
        """For each month that it is kept, in Firestore and in the archive."""
        archived = self.bytes + self.messages * ENVELOPE
        return self.stored_bytes / GIB * price("firestore_storage") + archived / GIB * price("storage")

    def row(self):
        once = [self.pubsub(), self.run(), self.firestore()]
        figures = [*once, sum(once), self.kept()]
        return [self.kind, *(dollars(figure * MILLION) for figure in figures), self.lever]


def text(characters, at_once, lever):
    parts = -(-characters // CHARACTERS_PER_PART)
    whole = parts == 1
    joined = 2 * characters if 2 * characters <= MAX_JOINED_BYTES else 0
    return Record(
        kind=f"text of {characters:,} characters, {at_once} at once",
        lever=lever,
        requests=1,
        messages=parts,
        bytes=characters,
        work_seconds=characters * SECONDS_PER_CHARACTER,
        at_once=at_once,
        # Of several parts: the claim, each part, with each a step of the claim's count, and the whole.
        writes=1 if whole else 2 + 2 * parts,
        # Of several parts: each and its claim before the work, the claim after it, and each at the end.
        reads=1 if whole else 4 * parts + 1,
        # The text, and the redacted text, which are not indexed.
        stored_bytes=2 * characters + 800 + (0 if whole else 300 * parts + joined),
    )


def event(in_a_commit, paths, users, at_once, kind, lever):
    """A view; `in_a_commit` of them share a commit, by so many users on so many paths."""
    shared = PER_TYPE + PER_PATH * paths + PER_USER * users
    return Record(
        kind=kind,
        lever=lever,
        requests=1,
        messages=1,
        bytes=250,
        work_seconds=COMMIT_SECONDS,
        at_once=at_once,
        writes=1 + shared / in_a_commit,
        reads=0,
        stored_bytes=1_600,
    )


def entry(in_a_batch, values, kind, lever):
    """An entry of an access log, sent in batches of one minute each, with so many different paths,
    agents, referers and hosts."""
    documents = PER_ACCESS_LOG_VALUE * (1 + values)
    # A part has at most 400 rollups and 256 KiB; with several, there is a claim as well.
    parts = max(1, documents / 400, in_a_batch * ENTRY / (256 << 10))
    return Record(
        kind=kind,
        lever=lever,
        requests=1 / in_a_batch,
        messages=parts / in_a_batch,
        bytes=ENTRY,
        work_seconds=COMMIT_SECONDS * parts / in_a_batch,
        at_once=10,
        writes=(parts + documents) / in_a_batch,
        reads=parts / in_a_batch,
        stored_bytes=(400 * parts + 500 * documents) / in_a_batch,
    )


RECORDS = [
    text(100, 250, "little: most of it is the price of a message"),
    text(1_000, 250, "`work_seconds_per_char`; how full instances are: `worker_concurrency` and `worker_max_instances`"),
    text(1_000, 1, "company: here an instance waits for each text alone"),
    text(4_000, 250, "as for 1,000 characters"),
    text(100_000, 250, "as for 1,000 characters; `store_original = false` halves what is kept"),
    event(1, 1, 1, 1, "event that comes alone", "company: commits and instances are shared"),
    event(99, 99, 99, 100, "event, 99 in a commit, each of another user on another path", "cardinality: fewer different paths and users at a time"),
    event(200, 20, 100, 100, "event, 200 in a commit, of 100 users on 20 paths", "`commit_interval_ms`: longer, and more are in a commit"),
    entry(1, 4, "access-log entry, sent alone", "batches: the sender's choice"),
    entry(1_000, 1_000 + 5 + 4 + 1, "access-log entry, 1,000 of a minute in a batch, each of another path", "cardinality: fewer different paths and agents; `log_dimensions`"),
    entry(1_000, 30 + 5 + 4 + 1, "access-log entry, 1,000 of a minute in a batch, 30 paths, 5 agents, 4 referers, 1 host", "the same"),
]

IDLE = [
    ("both services, at no instance", 0, 0.0, "nothing: they scale to zero"),
    ("the topic and its subscriptions", 0, 0.0, "nothing"),
    ("images and the builds' cache, in GiB", IMAGES_GIB, price("registry"), "the clean-up policies in `build.tf`"),
    ("the read token", 1, price("secrets"), '`read_token = "open"`'),
    ("conditions of alerts", CONDITIONS, price("alert_conditions"), "`monitoring = false`"),
]


def dollars(figure):
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:,.2f}"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def tables():
    per_million = table(
        ["a million of", "Pub/Sub", "Cloud Run and its log", "Firestore", "together", "kept, a month", "what moves it"],
        [record.row() for record in RECORDS],
    )
    idle = table(
        ["idle, a month", "how many", "together", "what moves it"],
        [[what, f"{n:,}", dollars(n * each), lever] for what, n, each, lever in IDLE]
        + [["all", "", dollars(sum(n * each for _, n, each, _ in IDLE)), ""]],
    )
    prices = table(
        ["price", "US$", "per", "source", "seen"],
        [[p["what"], f"{p['price']:.7f}".rstrip("0").rstrip("."), p["per"], p["source"], str(p["seen"])] for p in PRICES.values()],
    )
    assumed = (
        f"Assumed: an instance of the gateway has {GATEWAY_AT_ONCE} requests of {GATEWAY_SECONDS} s at once;\n"
        f"an event or a part of a batch waits {COMMIT_SECONDS} s for its commit; instances have {INSTANCE_CPU} vCPU and\n"
        f"{INSTANCE_GIB} GiB; the topic keeps messages for {TOPIC_DAYS} days; a character is one byte. Free tiers are not\n"
        "deducted; reads of the API, deletions by age and traffic to the internet are not counted.\n"
    )
    return f"{per_million}\n{idle}\n{assumed}\n{prices}"


def main(arguments):
    if not arguments:
        print(tables(), end="")
        return 0
    before, rest = PAGE.read_text().split(BEGIN)
    wanted = before + BEGIN + "\n" + tables() + "\n" + END + rest.split(END)[1]
    if arguments == ["--write"]:
        PAGE.write_text(wanted)
    elif arguments == ["--check"]:
        if PAGE.read_text() != wanted:
            print(f"{PAGE.name} is not what docs/cost.py computes; run python3 docs/cost.py --write")
            return 1
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
