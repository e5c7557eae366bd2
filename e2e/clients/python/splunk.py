"""splunk_handler: a handler for Splunk's HTTP Event Collector."""

import logging

from client import BAD, COUNT, HOST, PLACES, PORT, TENANT, believes, text
from splunk_handler import SplunkHandler

lost = []


class Handler(SplunkHandler):
    """Counts what it prints."""

    def write_log(self, log_message):
        if log_message.startswith("Exception"):
            lost.append(log_message)


handler = Handler(host=HOST, port=PORT, token=TENANT, index="main", protocol="http", verify=False,
                  flush_interval=0.2, source="shop", retry_count=8, retry_backoff=0.5)
logger = logging.getLogger("shop")
logger.setLevel(logging.INFO)
logger.addHandler(handler)
for place in PLACES:
    logger.info(text(place))
handler.shutdown()
refused = 0 if BAD is None else 1
believes(texts=0 if lost else COUNT - refused, failed=COUNT if lost else refused)
