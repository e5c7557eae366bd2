"""Sends one of each record with a client that openapi-python-client makes of the API's description, and
reads each back.

usage: client.py URL TOKEN, with spillway_client on PYTHONPATH"""

import sys
import time
from datetime import datetime, timezone

from spillway_client import AuthenticatedClient, models
from spillway_client.api.access_logs import get_batch, post_batch
from spillway_client.api.events import (
    count_events_by_type,
    get_event,
    post_interaction,
    post_site_event,
    put_site_settings,
)
from spillway_client.api.texts import get_text, post_text

TENANT = "python"
AT = datetime(2025, 5, 1, 10, tzinfo=timezone.utc)


def text(client):
    body = models.TextLog(log_id="order-7", text="Card 4111 1111 1111 1111 refused")
    taken(post_text, client=client, body=body)
    log = stored(get_text, TENANT, "order-7", client=client)
    assert log.modified_data == "Card [REDACTED] refused", log


def texts(client):
    batch = taken(post_text, client=client, body=["one", models.TextLog(text="two")])
    assert batch.accepted == 2, batch


def access_log(client):
    body = [models.LogEntry(received_at=AT, path="/a", method="GET", user_agent="curl/8")]
    batch = taken(post_batch, client=client, body=body, idempotency_key="batch-1")
    assert (batch.accepted, batch.rejected) == (1, 0), batch
    assert stored(get_batch, TENANT, "batch-1", client=client).entries == 1


def site_event(client):
    body = models.SiteEvent(
        event_type="page_view", path="/pricing", user_id="u-1", timestamp=AT, event_id="e-1"
    )
    assert taken(post_site_event, client=client, body=body).event_id == "e-1"
    event = stored(get_event, TENANT, "e-1", client=client)
    assert (event.path, event.timestamp) == ("/pricing", AT), event


def interactions(client):
    place = models.LocationPayload(latitude=48.2, longitude=16.4)
    for body in (
        models.View(
            event_type="view",
            user_id="u-1",
            payload=models.ViewPayload(url="https://acme.example/pricing"),
        ),
        models.Click(
            event_type="click", user_id="u-1", payload=models.ClickPayload(element_id="buy")
        ),
        models.Location(event_type="location", user_id="u-1", payload=place),
    ):
        taken(post_interaction, client=client, body=body)


def settings(client):
    body = models.SiteSettings(query_parameters=["id"])
    assert taken(put_site_settings, TENANT, client=client, body=body).query_parameters == ["id"]


def problem(client):
    answer = post_text.sync(client=client, body=models.TextLog(text=""))
    assert isinstance(answer, models.Problem), answer
    assert (answer.code, answer.errors[0].field) == ("empty-text", "text"), answer


def counts(client):
    """A view of the site, and three interactions."""
    for _ in patience():
        counted = taken(count_events_by_type, client=client, from_="2025-01-01")
        if sum(counted.additional_properties.values()) == 4:
            return
    raise TimeoutError("the events are not counted in time")


def taken(operation, *arguments, **named):
    """What was accepted; a problem is an error."""
    answer = operation.sync(*arguments, **named)
    assert answer is not None and not isinstance(answer, models.Problem), answer
    return answer


def stored(operation, *arguments, **named):
    """What is read, once it is there."""
    for _ in patience():
        answer = operation.sync(*arguments, **named)
        if not isinstance(answer, models.Problem):
            return answer
        assert answer.status == 404, answer
    raise TimeoutError("it is not stored in time")


def patience():
    """Half a minute."""
    for _ in range(600):
        yield
        time.sleep(0.05)


def main(url, token):
    client = AuthenticatedClient(base_url=url, token=token, headers={"X-Tenant-ID": TENANT})
    for send in (text, texts, access_log, site_event, interactions, settings, problem, counts):
        send(client)
        print(f"Python: {send.__name__}")


if __name__ == "__main__":
    main(*sys.argv[1:])
