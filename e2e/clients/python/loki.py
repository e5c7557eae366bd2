"""python-logging-loki: a handler that pushes each record."""

import logging

import logging_loki
from client import COUNT, ENDPOINT, PLACES, TENANT, believes, text

failed = 0


class Handler(logging_loki.LokiHandler):
    """Counts what `logging` would print."""

    def handleError(self, record):
        global failed
        failed += 1
        self.emitter.close()


handler = Handler(url=f"{ENDPOINT}/loki/api/v1/push?tenant_id={TENANT}", tags={"app": "shop"},
                  version="1")
logger = logging.getLogger("shop")
logger.setLevel(logging.INFO)
logger.addHandler(handler)
for place in PLACES:
    logger.info(text(place))
believes(texts=COUNT - failed, failed=failed)
