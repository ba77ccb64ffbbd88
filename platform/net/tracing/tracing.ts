import type { Config } from '../../base/config/config.ts';
import { INSTANCE, type Logger } from '../../base/log/log.ts';
import { setTracing } from './spans.ts';

/** How long the end of the process waits for a collector, in milliseconds: traces are worth less than a clean stop. */
const LAST_EXPORT_MS = 2_000;

/**
 * Sends traces to the OTLP collector at OTEL_EXPORTER_OTLP_ENDPOINT (HTTP, JSON), in batches in the background. A
 * collector that is slow or gone costs requests nothing: spans are dropped, and the log says so. The usual variables of
 * the SDK apply as well, e.g. OTEL_EXPORTER_OTLP_HEADERS and OTEL_TRACES_SAMPLER; a client's traceparent that says "not
 * sampled" is obeyed.
 *
 * @param process which process this is, for `service.name`.
 * @returns sends what is left when disposed; undefined when no endpoint is set, and then nothing of the SDK is loaded.
 */
export async function startTracing(
  config: Pick<Config, 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_SERVICE_NAME'>,
  process: string,
  log: Logger,
): Promise<AsyncDisposable | undefined> {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  const [{ context, diag, DiagLogLevel, trace }, { AsyncLocalStorageContextManager }, { Resource }, sdk, exporters] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ]);
  const say = (message: string): void => log.warn({ detail: message.slice(0, 500) }, 'traces: the exporter complains');
  const quiet = (): void => {};
  diag.setLogger({ error: say, warn: say, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN);
  const provider = new sdk.BasicTracerProvider({
    resource: new Resource({
      'service.name': config.OTEL_SERVICE_NAME ?? (process === 'sextant' ? process : `sextant-${process}`),
      'service.namespace': 'sextant',
      'service.instance.id': INSTANCE,
    }),
    spanProcessors: [
      new sdk.BatchSpanProcessor(
        new exporters.OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: 5_000 }),
        { scheduledDelayMillis: 1_000 },
      ),
    ],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  setTracing(true);
  return {
    async [Symbol.asyncDispose]() {
      setTracing(false);
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LAST_EXPORT_MS);
      });
      const sent = provider.shutdown().catch((error: unknown) => log.warn({ err: error }, 'the last traces are lost'));
      await Promise.race([sent, patience]);
      clearTimeout(timer);
    },
  };
}
