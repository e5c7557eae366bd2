// OpenTelemetry's SDK for logs, with the exporter that the argument names: `http` (JSON) or `proto`.
import { SeverityNumber } from "@opentelemetry/api-logs";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { bad, believes, count, endpoint, places, tenant, text, tooLong } from "./client.mjs";

const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${process.argv[2]}`);
const exporter = new OTLPLogExporter({
  url: `${endpoint}/v1/logs?dedup=content`,
  headers: { "X-Tenant-ID": tenant },
});

// The processor tells nobody how an export ended.
let taken = 0;
const send = exporter.export.bind(exporter);
exporter.export = (records, done) =>
  send(records, (result) => {
    if (result.code === 0) taken += records.length;
    done(result);
  });

const processor = new BatchLogRecordProcessor({ exporter, maxExportBatchSize: 50 });
const provider = new LoggerProvider({ processors: [processor] });
const logger = provider.getLogger("clients");
for (const place of places) {
  const body = place === bad ? tooLong() : text(place);
  logger.emit({ severityNumber: SeverityNumber.INFO, body, attributes: { place } });
}
await provider.shutdown();
// A partial success is a warning in the exporter's own log, and a success otherwise.
const refused = bad < 0 ? 0 : 1;
believes({ texts: taken - refused, failed: count - taken + refused });
