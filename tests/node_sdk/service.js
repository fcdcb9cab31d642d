// Sends spans and metrics as a service would: node service.js ADDRESS proto|json
"use strict";

const form = process.argv[3];
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${form === "json" ? "http" : "proto"}`);
const { OTLPMetricExporter } = require(`@opentelemetry/exporter-metrics-otlp-${form === "json" ? "http" : "proto"}`);
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { TracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace");
const { MeterProvider, PeriodicExportingMetricReader } = require("@opentelemetry/sdk-metrics");
const { SpanKind, SpanStatusCode } = require("@opentelemetry/api");

const address = process.argv[2];
const resource = resourceFromAttributes({ "service.name": "shop" });
const spans = new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${address}/v1/traces` }) });

async function main() {
  const tracing = new TracerProvider({ resource, spanProcessors: [spans] });
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${address}/v1/metrics` }),
    exportIntervalMillis: 3600000,
    exportTimeoutMillis: 30000,
  });
  const metrics = new MeterProvider({ resource, readers: [reader] });
  const tracer = tracing.getTracer("shop");
  const meter = metrics.getMeter("shop");
  const requests = meter.createCounter("requests");
  const duration = meter.createHistogram("duration", {
    unit: "ms",
    advice: { explicitBucketBoundaries: [50, 100, 250] },
  });
  for (let number = 0; number < 20; number++) {
    const failed = number % 10 === 0;
    const span = tracer.startSpan("GET /cart", {
      kind: SpanKind.SERVER,
      attributes: { "http.request.method": "GET", "http.response.status_code": failed ? 500 : 200 },
    });
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
    requests.add(1, { "http.response.status_code": failed ? 500 : 200 });
    duration.record(number * 20);
    if (number === 9) await metrics.forceFlush();
  }
  await tracing.forceFlush();
  await metrics.forceFlush();
  await tracing.shutdown();
  await metrics.shutdown();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
