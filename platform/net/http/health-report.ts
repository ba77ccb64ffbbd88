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
