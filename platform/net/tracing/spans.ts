import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/**
 * Spans as the product makes them, over OpenTelemetry's API package alone: the SDK is loaded by startTracing only.
 * Trace context travels as a W3C `traceparent` beside each request, in one process as between processes. `tracestate`
 * and baggage are not carried: nothing here reads them, and a client could put anything into them.
 */

let enabled = false;

/** Returns whether spans go anywhere. Hot paths ask once, when they are built, and are left as they are when not. */
export const isTracing = (): boolean => enabled;

/** Sets the tracer; for startTracing. */
export function setTracing(on: boolean): void {
  enabled = on;
}

/** A piece of work that has begun. */
export interface OpenSpan {
  /** What is sent along so that the work of others becomes a child of this. */
  readonly traceparent: string;
  /** Runs `work` so that whatever it starts, such as a call of a language model, becomes a child of this. */
  run<Result>(work: () => Result): Result;
  set(attributes: Attributes): void;
  rename(name: string): void;
  /** @param failure a short code when the work has failed, e.g. `TIMEOUT`. Ending it again does nothing. */
  end(failure?: string): void;
}

/**
 * Begins a span.
 *
 * @param parent the traceparent that came with the request; undefined or malformed: a trace begins here.
 */
export function startSpan(
  name: string,
  kind: 'server' | 'client',
  parent: string | undefined,
  attributes: Attributes,
): OpenSpan {
  const above = contextOf(parent);
  const span = trace
    .getTracer('sextant')
    .startSpan(name, { kind: kind === 'server' ? SpanKind.SERVER : SpanKind.CLIENT, attributes }, above);
  let open = true;
  return {
    traceparent: textOf(span),
    run: (work) => context.with(trace.setSpan(above, span), work),
    set(more) {
      span.setAttributes(more);
    },
    rename(to) {
      span.updateName(to);
    },
    end(failure) {
      if (!open) return;
      open = false;
      if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', failure);
      span.end();
    },
  };
}

/** Returns the traceparent of the work that runs now; undefined outside of any. */
export function activeTraceparent(): string | undefined {
  if (!enabled) return undefined;
  const span = trace.getActiveSpan();
  return span && isSpanContextValid(span.spanContext()) ? textOf(span) : undefined;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

function contextOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const given = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(given) ? trace.setSpanContext(ROOT_CONTEXT, given) : ROOT_CONTEXT;
}

function textOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
