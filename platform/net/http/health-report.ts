import { isObject, parseObject } from '../../base/json/objects.ts';

/** The state of a part: whether it answers, and what is wrong when it does not. */
export interface Check {
  readonly status: 'up' | 'down';
  readonly detail?: string;
}

/** The parts that were looked at, by name. */
export type Checks = Readonly<Record<string, Check>>;

/** The state of a process, as /health tells it. */
export interface HealthState {
  readonly status: string;
  readonly service: string;
  readonly version?: string | undefined;
  readonly checks: Checks;
}

/**
 * Returns the body of /health: the shape that monitors of the original system read (`timestamp` in seconds, each
 * dependency true or false), with more beside it.
 */
export function healthReport({ status, service, version, checks }: HealthState) {
  const now = new Date();
  return {
    status,
    service,
    timestamp: now.getTime() / 1000,
    dependencies: Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, check.status === 'up'])),
    ...(version !== undefined && { version }),
    time: now.toISOString(),
    checks,
  };
}

/** Bytes of a report that are read. */
const MAX_REPORT = 65_536;

/**
 * Reads what a server's /health says of those behind it. One that is not ours says it in a way of its own, or not at
 * all: then there is nothing.
 */
export async function readChecks(answer: {
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}): Promise<Checks> {
  const isSmall = Number(answer.headers.get('content-length') ?? Number.POSITIVE_INFINITY) <= MAX_REPORT;
  const checks = isSmall ? parseObject(await answer.text())?.['checks'] : undefined;
  const found: Record<string, Check> = {};
  for (const [name, check] of Object.entries(isObject(checks) ? checks : {})) {
    const status = isObject(check) ? check['status'] : undefined;
    if (status === 'up' || status === 'down') found[name] = { status };
  }
  return found;
}
