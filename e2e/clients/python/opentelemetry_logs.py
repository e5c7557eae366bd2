"""OpenTelemetry's SDK for logs, with its exporter for protobuf over HTTP."""

import logging

from client import BAD, COUNT, ENDPOINT, PLACES, TENANT, believes, text
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult


class Counting(OTLPLogExporter):
    """The processor tells nobody how an export ended."""

    taken = 0

    def export(self, batch):
        result = super().export(batch)
        if result is LogRecordExportResult.SUCCESS:
            Counting.taken += len(batch)
        return result


exporter = Counting(endpoint=f"{ENDPOINT}/v1/logs?dedup=content", headers={"X-Tenant-ID": TENANT})
provider = LoggerProvider()
provider.add_log_record_processor(BatchLogRecordProcessor(exporter, max_export_batch_size=50))
logger = logging.getLogger("shop")
logger.setLevel(logging.INFO)
logger.addHandler(LoggingHandler(logger_provider=provider))
for place in PLACES:
    logger.info(text(place))
provider.force_flush()
provider.shutdown()
# A partial success is a success to this exporter: it does not read the answer.
refused = 0 if BAD is None else 1
believes(texts=Counting.taken - refused, failed=COUNT - Counting.taken + refused)
