import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { activeTraceparent, isTracing, startSpan } from './spans.ts';
import { startTracing } from './tracing.ts';

const log = pino({ level: 'silent' });
const { cache } = createRequire(import.meta.url);

describe('tracing', () => {
  it('loads nothing of the SDK when no endpoint is set', async () => {
    expect(
      await startTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: undefined, OTEL_SERVICE_NAME: undefined }, 'chat', log),
    ).toBe(undefined);
    expect(isTracing()).toBe(false);
    expect(Object.keys(cache).filter((file) => file.includes('opentelemetry/sdk-trace'))).toEqual([]);
  });

  it('a collector that never answers holds nothing up, not even the end', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { port: number };
    const tracing = (await startTracing(
      { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/`, OTEL_SERVICE_NAME: undefined },
      'chat',
      log,
    ))!;
    const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const span = startSpan('work', 'server', parent, {});
    expect(span.traceparent).toMatch(new RegExp(`^00-${'a'.repeat(32)}-(?!b{16})[0-9a-f]{16}-01$`));
    expect(await span.run(async () => activeTraceparent())).toBe(span.traceparent);
    // A trace context that is none begins a trace of its own.
    expect(startSpan('work', 'server', 'nonsense', {}).traceparent).not.toContain('a'.repeat(32));
    span.end();
    // A clock that only this test moves: neither a busy machine nor the exporter's own time limit has a part in it.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const ended = vi.fn();
    void tracing[Symbol.asyncDispose]().then(ended);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toHaveBeenCalled();
  });
});
