"""Sends one of each record with a client that openapi-generator makes of the API's description, and reads
each back.

usage: client.py URL TOKEN, with openapi_client on PYTHONPATH"""

import sys
import time
from datetime import datetime, timezone

import openapi_client as api

TENANT = "openapi-generator-python"
AT = datetime(2025, 5, 1, 10, tzinfo=timezone.utc)


def text(client):
    log = api.TextLog(
        log_id=api.RecordName("order-7"), text=api.TextValue("Card 4111 1111 1111 1111 refused")
    )
    texts_of = api.TextsApi(client)
    texts_of.post_text(api.TextLogs(log))
    log = stored(texts_of.get_text, TENANT, "order-7")
    assert log.modified_data == "Card [REDACTED] refused", log


def texts(client):
    items = [api.TextItem("one"), api.TextItem(api.TextLog(text=api.TextValue("two")))]
    batch = api.TextsApi(client).post_text(api.TextLogs(items)).actual_instance
    assert batch.accepted == 2, batch


def access_log(client):
    entry = api.LogEntry(received_at=AT, path="/a", method="GET", user_agent="curl/8")
    logs = api.AccessLogsApi(client)
    batch = logs.post_batch([entry], idempotency_key="batch-1")
    assert (batch.accepted, batch.rejected) == (1, 0), batch
    assert stored(logs.get_batch, TENANT, "batch-1").entries == 1


def site_event(client):
    body = api.SiteEvent(
        event_type="page_view",
        path="/pricing",
        user_id=api.VisitorName("u-1"),
        timestamp=AT,
        event_id=api.RecordName("e-1"),
    )
    events = api.EventsApi(client)
    assert events.post_site_event(body).event_id == "e-1"
    event = stored(events.get_event, TENANT, "e-1")
    assert (event.path, event.timestamp) == ("/pricing", AT), event


def interactions(client):
    user = api.UserName("u-1")
    place = api.LocationPayload(latitude=48.2, longitude=16.4)
    page = api.ViewPayload(url="https://acme.example/pricing")
    for body in (
        api.View(event_type="view", user_id=user, payload=page),
        api.Click(event_type="click", user_id=user, payload=api.ClickPayload(element_id="buy")),
        api.Location(event_type="location", user_id=user, payload=place),
    ):
        api.EventsApi(client).post_interaction(api.Interaction(body))


def settings(client):
    body = api.SiteSettings(query_parameters=["id"])
    assert api.EventsApi(client).put_site_settings(TENANT, body).query_parameters == ["id"]


def problem(client):
    empty = api.TextLog(text=api.TextValue(""))
    try:
        answer = api.TextsApi(client).post_text(api.TextLogs(empty))
    except api.ApiException as error:
        problem = error.data
        assert (problem.code, problem.errors[0].var_field) == ("empty-text", "text"), problem
    else:
        raise AssertionError(answer)


def counts(client):
    """A view of the site, and three interactions."""
    for _ in patience():
        counted = api.EventsApi(client).count_events_by_type(var_from="2025-01-01")
        if sum(counted.values()) == 4:
            return
    raise TimeoutError("the events are not counted in time")


def stored(read, *arguments):
    """What is read, once it is there."""
    for _ in patience():
        try:
            return read(*arguments)
        except api.exceptions.NotFoundException as error:
            assert error.data.status == 404, error
    raise TimeoutError("it is not stored in time")


def patience():
    """Half a minute."""
    for _ in range(600):
        yield
        time.sleep(0.05)


def main(url, token):
    configuration = api.Configuration(host=url, access_token=token)
    with api.ApiClient(configuration, "X-Tenant-ID", TENANT) as client:
        for send in (text, texts, access_log, site_event, interactions, settings, problem, counts):
            send(client)
            print(f"openapi-generator, Python: {send.__name__}")


if __name__ == "__main__":
    main(*sys.argv[1:])
