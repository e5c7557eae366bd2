"""PostHog's client for Python."""

from datetime import datetime, timezone

from client import BAD, ENDPOINT, PLACES, TENANT, believes_of_site, is_view
from posthog import Posthog

failed = []
posthog = Posthog(TENANT, host=ENDPOINT, flush_at=20, max_retries=10,
                  on_error=lambda error, batch: failed.extend(batch))
for place in PLACES:
    year = 1990 if place == BAD else datetime.now(timezone.utc).year
    posthog.capture(
        "$pageview" if is_view(place) else "signed up",
        distinct_id=f"user-{place % 10}",
        properties={"$current_url": f"https://shop.example/page/{place}", "place": place},
        timestamp=datetime.now(timezone.utc).replace(year=year),
    )
posthog.shutdown()
lost = {event["properties"]["place"] for event in failed}
# Its server answers for a batch as a whole, so the client knows nothing of the bad one.
lost.add(BAD)
believes_of_site([place for place in PLACES if place not in lost], len(failed))
