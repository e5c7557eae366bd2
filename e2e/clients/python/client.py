"""What every script of a client is told, and how it says what its client believes."""

import json
import os
import sys
from urllib.parse import urlsplit

ENDPOINT = os.environ["ENDPOINT"]
"""The base URL of Spillway."""
TENANT = os.environ["TENANT"]
"""The tenant that the records are for."""
COUNT = int(os.environ["COUNT"])
"""How many records to send."""
BAD = COUNT // 2 if os.environ.get("BAD") == "1" else None
"""The place of the bad record."""

HOST, PORT = urlsplit(ENDPOINT).hostname, urlsplit(ENDPOINT).port
PLACES = range(COUNT)

TOO_LONG = "x" * (5 << 20)
"""A text that is longer than a text may be."""


def text(place):
    """A text that says who sent it, and that is no other record's; too long in the bad place."""
    return TOO_LONG if place == BAD else f"record {place} of {TENANT}"


def is_view(place):
    """Even records of a site are views, odd ones are other events."""
    return place % 2 == 0


def believes(**belief):
    """Prints what the client believes was taken, and ends."""
    print(json.dumps(belief), flush=True)
    # Some libraries have threads that would wait for more.
    os._exit(0)


def believes_of_site(taken, failed=0):
    """Believes that each of these places was taken, as a view or as another event."""
    views = sum(1 for place in taken if is_view(place))
    believes(views=views, events=len(taken) - views, failed=failed)


def complain(message):
    """Says something to whoever reads the log of a failed test."""
    print(message, file=sys.stderr)
