#!/usr/bin/env python3
"""What Spillway costs on Google Cloud: the tables of docs/OPERATIONS.md, from docs/prices.toml.

Prints them; with --write puts them into the page, with --check fails where the page differs.
The quantities are the design's own; where they depend on the traffic, the assumption has a name
below and stands in the page.
"""

import math
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
PER_TYPE, PER_PATH, PER_USER, PER_SITE_VALUE, PER_ACCESS_LOG_VALUE = 3, 2, 2, 1, 3

# Terraform's defaults.
INSTANCE_CPU, INSTANCE_GIB = 1, 1
GATEWAY_CONCURRENCY, WORKER_CONCURRENCY = 80, 400
MOST_INSTANCES = 10 + 10 + 3
TOPIC_DAYS = 7  # replay_days
CONDITIONS = 5  # alerts
# The time series that they read: subscriptions, and for a share both its halves.
SERIES = 4 + 2 * 3 + 3 + 2 * 1 + 1
EVALUATIONS = 30 * 86_400 // 30  # a month, of each condition
COMMITS_PER_SECOND = 4  # COMMIT_INTERVAL_MS
FILES = 30 * 86_400 // 300  # of the archive, if messages come at all times

# The traffic.
PER_SECOND = 1_000 / 60  # requests
GATEWAY_SECONDS = 0.05  # a request
COMMIT_SECONDS = 0.3  # an event or a part of a batch: the wait for its commit, and the commit
IMAGES_GIB = 3
BUILDS, BUILD_MINUTES = 4, 30  # a month; one with its tests

# Cloud Run starts another instance when those that run are as full as this.
FULL = 0.6


def price(name):
    return PRICES[name]["price"]


def company(load, concurrency):
    """How many requests share an instance while it is billed, if `load` of them are under way on
    average. An instance is billed while it has one: below one request at a time that is not always."""
    return load / max(1 - math.exp(-load), load / (FULL * concurrency))


@dataclass
class Record:
    """One kind of record: what one of them needs."""

    kind: str
    lever: str
    rate: float  # requests a second; 0 for one that comes alone
    requests: float  # to the gateway
    messages: float
    bytes: float  # the data of all its messages
    work_seconds: float  # of all its messages
    writes: float
    reads: float
    stored_bytes: float  # in Firestore, indexes included

    def usage(self):
        """How much of what has a price, in its unit."""
        carried = self.bytes + self.messages * ENVELOPE
        published = max(carried, self.requests * LEAST_REQUEST)
        pushed = max(carried, self.messages * LEAST_REQUEST)
        requests = self.requests + self.messages
        seconds = self.shared(self.requests * GATEWAY_SECONDS, GATEWAY_CONCURRENCY)
        seconds += self.shared(self.work_seconds, WORKER_CONCURRENCY)
        return {
            "pubsub_delivery": (published + pushed) / TIB,
            "pubsub_export": carried / TIB,
            "pubsub_retention": carried / GIB * TOPIC_DAYS / 30,
            "run_requests": requests / MILLION,
            "run_cpu": seconds * INSTANCE_CPU,
            "run_memory": seconds * INSTANCE_GIB,
            "logging": requests * LOG_LINE / GIB,
            "firestore_writes": self.writes / 1e5,
            "firestore_reads": self.reads / 1e5,
        }

    def shared(self, seconds, concurrency):
        """The seconds of an instance that this record pays for."""
        return seconds / company(self.rate * seconds, concurrency) if self.rate else seconds

    def kept(self):
        """For each month that it is kept, in Firestore and in the archive."""
        archived = self.bytes + self.messages * ENVELOPE
        return self.stored_bytes / GIB * price("firestore_storage") + archived / GIB * price("storage")

    def free(self):
        """How many a month use up the first of the free tiers."""
        return min(PRICES[name]["free"] / n for name, n in self.usage().items() if n and "free" in PRICES[name])

    def row(self):
        costs = {name: n * price(name) for name, n in self.usage().items()}
        services = ["pubsub", "run", "logging", "firestore", ""]
        figures = [sum(cost for name, cost in costs.items() if name.startswith(service)) for service in services]
        free = float(f"{self.free():.2g}")
        return [self.kind, *(dollars(figure * MILLION) for figure in [*figures, self.kept()]), f"{free:,.0f}", self.lever]


def text(characters, rate, kind, lever):
    parts = -(-characters // CHARACTERS_PER_PART)
    whole = parts == 1
    joined = 2 * characters if 2 * characters <= MAX_JOINED_BYTES else 0
    return Record(
        kind=f"text of {characters:,} characters{kind}",
        lever=lever,
        rate=rate,
        requests=1,
        messages=parts,
        bytes=characters,
        work_seconds=characters * SECONDS_PER_CHARACTER,
        # Of several parts: the claim, each part, with each a step of the claim's count, and the whole.
        writes=1 if whole else 2 + 2 * parts,
        # Of several parts: each and its claim before the work, the claim after it, and each at the end.
        reads=1 if whole else 4 * parts + 1,
        # The text, and the redacted text, which are not indexed.
        stored_bytes=2 * characters + 800 + (0 if whole else 300 * parts + joined),
    )


def event(in_a_commit, paths, users, values, kind, lever):
    """A view; `in_a_commit` of them share a commit, by so many users on so many paths, with so many
    different values in all dimensions together."""
    shared = PER_TYPE + PER_PATH * paths + PER_USER * users + PER_SITE_VALUE * values
    return Record(
        kind=kind,
        lever=lever,
        rate=in_a_commit * COMMITS_PER_SECOND if in_a_commit > 1 else 0,
        requests=1,
        messages=1,
        bytes=500 if values else 250,
        work_seconds=COMMIT_SECONDS,
        writes=1 + shared / in_a_commit,
        reads=0,
        stored_bytes=2_400 if values else 1_600,
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
        # A batch a minute comes alone.
        rate=PER_SECOND if in_a_batch == 1 else 0,
        requests=1 / in_a_batch,
        messages=parts / in_a_batch,
        bytes=ENTRY,
        work_seconds=COMMIT_SECONDS * parts / in_a_batch,
        writes=(parts + documents) / in_a_batch,
        reads=parts / in_a_batch,
        stored_bytes=(400 * parts + 500 * documents) / in_a_batch,
    )


FREQUENT = event(87, 87, 87, 60, "event, 87 in a commit, each of another user on another path", "cardinality: fewer different paths and users at a time")
RECORDS = [
    text(100, PER_SECOND, "", "little: most of it is the price of a message"),
    text(1_000, PER_SECOND, "", "`work_seconds_per_char`; how full instances are: `worker_concurrency`"),
    text(1_000, 0, ", alone", "company: here an instance waits for each text alone"),
    text(4_000, PER_SECOND, "", "as for 1,000 characters"),
    text(100_000, PER_SECOND, "", "as for 1,000 characters; `store_original = false` halves what is kept"),
    event(1, 1, 1, 10, "event, alone", "company: commits and instances are shared"),
    event(4, 4, 4, 25, "event, 4 in a commit, each of another user on another path", "the same: about 1,000 a minute"),
    FREQUENT,
    event(200, 20, 100, 60, "event, 200 in a commit, of 100 users on 20 paths", "`commit_interval_ms`: longer, and more are in a commit"),
    event(200, 20, 100, 0, "the same, counted by no dimension", "`site_dimensions`"),
    entry(1, 4, "access-log entry, sent alone", "batches: the sender's choice"),
    entry(1_000, 1_000 + 5 + 4 + 1, "access-log entry, 1,000 of a minute in a batch, each of another path", "cardinality: fewer different paths and agents; `log_dimensions`"),
    entry(1_000, 30 + 5 + 4 + 1, "access-log entry, 1,000 of a minute in a batch, 30 paths, 5 agents, 4 referers, 1 host", "the same"),
]

MONTHLY = [
    ("both services at no instance, the topic, its subscriptions", 0, None, "nothing: they scale to zero"),
    ("images and the build's cache, in GiB", IMAGES_GIB, "registry", "the clean-up policies in `build.tf`"),
    ("the read token", 1, "secrets", '`read_token = "open"`'),
    ("conditions of alerts", CONDITIONS, "alert_conditions", "`monitoring = false`"),
    ("time series that they read, in millions", SERIES * EVALUATIONS / MILLION, "alert_series", "the same"),
    (f"minutes of {BUILDS} builds", BUILDS * BUILD_MINUTES, "build_minutes", "`_TESTS=off`"),
    ("files of the archive, if messages come all day, in 10,000", FILES / 1e4, "storage_writes", "little"),
]


def dollars(figure):
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:,.2f}"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def monthly(what, n, name, lever):
    """The row, and its two figures: before and after the free tier."""
    if name is None:
        return [what, f"{n:,}", dollars(0), dollars(0), lever], (0, 0)
    figures = n * price(name), max(0, n - PRICES[name].get("free", 0)) * price(name)
    return [what, f"{n:,.2f}".rstrip("0").rstrip("."), *map(dollars, figures), lever], figures


def tables():
    per_million = table(
        ["a million of", "Pub/Sub", "Cloud Run", "its log", "Firestore", "together", "kept, a month", "free a month", "what moves it"],
        [record.row() for record in RECORDS],
    )
    rows, figures = zip(*(monthly(*one) for one in MONTHLY))
    fixed = table(
        ["a month, whatever is sent", "how many", "together", "less what is free", "what moves it"],
        [*rows, ["all", "", *(dollars(sum(column)) for column in zip(*figures)), ""]],
    )
    prices = table(
        ["price", "US$", "per", "free a month", "source", "seen"],
        [[p["what"], f"{p['price']:.7f}".rstrip("0").rstrip("."), p["per"], f"{p['free']:,}" if "free" in p else "", p["source"], str(p["seen"])] for p in PRICES.values()],
    )
    second = INSTANCE_CPU * price("run_cpu") + INSTANCE_GIB * price("run_memory")
    instances = MOST_INSTANCES * 30 * 86_400 * second
    day = 4_000 * 86_400 * FREQUENT.writes / 1e5 * price("firestore_writes")
    assumed = (
        "Assumed: 1,000 requests a minute, unless a row says otherwise. Alone, an event is counted by 10\n"
        "dimensions; those of a large commit have 60 different values in all of them. A request takes the gateway\n"
        f"{GATEWAY_SECONDS} s, and an event or a part of a batch waits {COMMIT_SECONDS} s for its commit. Instances have {INSTANCE_CPU} vCPU\n"
        f"and {INSTANCE_GIB} GiB, and Cloud Run fills them to {FULL:.0%} of their concurrency. The topic keeps messages for\n"
        f"{TOPIC_DAYS} days; a character is one byte. Reads of the API, deletions by age and traffic to the internet are\n"
        "not counted. *Free a month* is how many records use up the first of the free tiers, which all that the\n"
        "billing account or the project does shares.\n\n"
        "Prices are those of us-central1 where regions differ: in others, Firestore costs up to twice as much,\n"
        "and Cloud Run has a second, higher tier. `region` is `europe-west1` by default: check its prices.\n\n"
        "**What bounds a month.** Cloud Run has a limit: all instances, busy all month, cost\n"
        f"{dollars(instances)}. Firestore has none: 4,000 events a second, each of another user on another path, cost\n"
        f"{dollars(day)} *a day*. Only `tenant_writes_per_day` bounds that, for each tenant and\n"
        "instance of the gateway (see Limits); it is off by default. [A budget](#a-budget) tells you what was spent.\n"
    )
    return f"{per_million}\n{fixed}\n{assumed}\n{prices}"


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
