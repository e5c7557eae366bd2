"""Snowplow's tracker for Python."""

import time

from client import BAD, ENDPOINT, PLACES, TENANT, believes_of_site, is_view
from snowplow_tracker import Emitter, PageView, StructuredEvent, Subject, Tracker

taken = []
emitter = Emitter(ENDPOINT, batch_size=20, max_retry_delay_seconds=2,
                  on_success=lambda events: taken.extend(int(event["uid"]) for event in events))
tracker = Tracker("clients", emitter, app_id=TENANT)
for place in PLACES:
    # The callback gets what was sent, and this tells one event from another.
    subject = Subject().set_user_id(str(place))
    moment = 631_152_000_000 if place == BAD else time.time() * 1_000
    if is_view(place):
        event = PageView(page_url=f"https://shop.example/page/{place}", page_title="A page",
                         event_subject=subject, true_timestamp=moment)
    else:
        event = StructuredEvent(category="shop", action="signup", value=place,
                                event_subject=subject, true_timestamp=moment)
    tracker.track(event)
# A flush ends after one attempt; what failed is sent again later.
for _ in range(120):
    tracker.flush()
    if len(taken) >= len(PLACES):
        break
    time.sleep(0.25)
believes_of_site([place for place in taken if place != BAD], len(PLACES) - len(taken))
