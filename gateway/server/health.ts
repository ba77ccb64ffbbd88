import type { ServerResponse } from 'node:http';
import { SingleFlight } from '#platform/base/cancellation/single-flight.ts';
import { type Check, type Checks, healthReport } from '#platform/net/http/health-report.ts';
import type { Graph } from '../supergraph/graph.ts';
import { sendJson } from './pages.ts';

export interface Health {
  readonly ready: boolean;
  loaded(): void;
  stopping(): void;
  answer(response: ServerResponse): Promise<void>;
}

/** A subgraph that hangs must not hang the probe. */
const PATIENCE_MS = 3_000;
/** What a look found is told for this time. */
const FRESH_MS = 1_000;
/** For this time too, while the next look is under way. */
const KNOWN_MS = 3_000;

export interface HealthOptions {
  readonly graph: Graph<object>;
  readonly version?: string | undefined;
  /** Looks at the servers that this process itself uses, `database` and `redis` by name. */
  readonly stores?: (() => Promise<Checks>) | undefined;
}

/**
 * Creates the handler of /health: 503 until the supergraph is served and while the gateway drains. A subgraph that is
 * down makes the gateway `degraded`, not unhealthy: restarting the gateway would not help, and the other fields are
 * answered. Requests share one look a second: it asks databases and writes to disks, and anybody may ask for it. What
 * was found is told for three seconds at most.
 */
export function createHealth(options: HealthOptions): Health {
  let state: 'starting' | 'serving' | 'stopping' = 'starting';
  const looks = new SingleFlight();
  let last: { readonly checks: Checks; readonly at: number } | undefined;

  const lookAgain = async (): Promise<Checks> => {
    const { value } = await looks.run('checks', look);
    last = { checks: value, at: performance.now() };
    return value;
  };

  /** What was found lately, or what is found now. */
  function checksOf(): Checks | Promise<Checks> {
    const age = last ? performance.now() - last.at : Number.POSITIVE_INFINITY;
    if (age < FRESH_MS) return last!.checks;
    const looking = lookAgain();
    if (age >= KNOWN_MS) return looking;
    // Its failure is told when nothing else is known any more.
    looking.catch(() => undefined);
    return last!.checks;
  }

  async function look(): Promise<Checks> {
    const transports = [...(options.graph.current?.transports ?? [])];
    const [stores, ...subgraphs] = await Promise.all([
      options.stores ? inTime(options.stores(), {}) : {},
      ...transports.map(([, transport]) => inTime(transport.health(), LATE)),
    ]);
    // Each subgraph has a database of its own, or a part of one: all of them have to answer.
    const theirs: Record<string, Check> = {};
    for (const { checks = {} } of subgraphs as { checks?: Checks }[]) {
      for (const name of ['database', 'redis']) {
        const check = checks[name];
        if (check && theirs[name]?.status !== 'down') theirs[name] = check;
      }
    }
    return {
      ...theirs,
      ...stores,
      ...Object.fromEntries(
        transports.map(([name], index) => {
          const { checks: _, ...check } = subgraphs[index] as Check & { checks?: Checks };
          return [name, check];
        }),
      ),
    };
  }

  return {
    get ready() {
      return state === 'serving';
    },
    loaded() {
      state = 'serving';
    },
    stopping() {
      state = 'stopping';
    },
    async answer(response) {
      const checks = state === 'serving' ? await checksOf() : {};
      const down = Object.values(checks).some(({ status }) => status === 'down');
      const { version, graph } = options;
      sendJson(response, state === 'serving' ? 200 : 503, {
        ...healthReport({
          status: state === 'serving' ? (down ? 'degraded' : 'healthy') : state,
          service: 'gateway',
          version,
          checks,
        }),
        ...(graph.current && { supergraph: graph.current.supergraph.id }),
      });
    },
  };
}

const LATE: Check = { status: 'down', detail: 'does not answer' };

/** Waits for a part no longer than a probe may take. */
const inTime = <Result>(looking: Promise<Result>, late: Result): Promise<Result> =>
  Promise.race([
    looking,
    new Promise<Result>((resolve) => {
      setTimeout(resolve, PATIENCE_MS, late).unref();
    }),
  ]);
