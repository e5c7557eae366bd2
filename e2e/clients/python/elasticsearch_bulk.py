"""Elasticsearch's client for Python: its bulk helper."""

from datetime import datetime, timezone

from client import COUNT, ENDPOINT, PLACES, TENANT, believes, text
from elasticsearch import Elasticsearch, helpers

# It sends again after a 429, and after a 503 if told so.
client = Elasticsearch(f"{ENDPOINT}/elasticsearch", basic_auth=(TENANT, "-"),
                       retry_on_status=(429, 502, 503, 504), max_retries=10,
                       retry_on_timeout=True, request_timeout=30)
client.info()


def documents():
    for place in PLACES:
        yield {
            "_op_type": "create",
            "_index": "shop",
            "_id": f"{TENANT}-{place}",
            "@timestamp": datetime.now(timezone.utc).isoformat(),
            "message": text(place),
        }


taken, errors = helpers.bulk(client, documents(), chunk_size=20, max_retries=10,
                             initial_backoff=1, raise_on_error=False, raise_on_exception=False,
                             max_chunk_bytes=8 << 20, stats_only=True)
believes(texts=taken, failed=COUNT - taken)
