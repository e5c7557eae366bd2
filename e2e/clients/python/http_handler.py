"""Python's own `logging.handlers.HTTPHandler`, which posts a form for each record."""

import logging
from logging.handlers import HTTPHandler

from client import BAD, COUNT, HOST, PLACES, PORT, TENANT, believes, text

failed = 0


class Handler(HTTPHandler):
    """Counts what `logging` would print."""

    def handleError(self, record):
        global failed
        failed += 1


logger = logging.getLogger("shop")
logger.setLevel(logging.INFO)
logger.addHandler(Handler(f"{HOST}:{PORT}", f"/ingest?tenant_id={TENANT}", method="POST"))
for place in PLACES:
    logger.info(text(place))
# It reads the answer and does not look at its status.
refused = 0 if BAD is None else 1
believes(texts=COUNT - failed - refused, failed=failed)
