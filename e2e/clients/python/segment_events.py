"""Segment's client for Python."""

from datetime import datetime, timezone

from client import BAD, ENDPOINT, PLACES, TENANT, believes_of_site, is_view
from segment.analytics import Client

failed = []
client = Client(TENANT, host=ENDPOINT, upload_size=20, max_retries=10,
                on_error=lambda error, batch: failed.extend(batch))
for place in PLACES:
    year = 1990 if place == BAD else datetime.now(timezone.utc).year
    common = {"user_id": f"user-{place % 10}",
              "timestamp": datetime.now(timezone.utc).replace(year=year)}
    properties = {"url": f"https://shop.example/page/{place}", "path": f"/page/{place}",
                  "place": place}
    if is_view(place):
        client.page(name="A page", properties=properties, **common)
    else:
        client.track(event="Signed Up", properties=properties, **common)
client.flush()
client.shutdown()
lost = {event["properties"]["place"] for event in failed} | {BAD}
believes_of_site([place for place in PLACES if place not in lost], len(failed))
