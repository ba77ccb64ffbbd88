import { setTimeout as sleep } from 'node:timers/promises';
import { OWNERS } from '#platform/contracts/owners.ts';
import { requireAdmin } from '#platform/identity/identity.ts';
import type { SeenProcess } from '#platform/realtime/processes/process-census.ts';
import type { Actor } from './actor.ts';
import type { AuthParts } from './parts.ts';

/** How often a follower is told, in ms. */
const EVERY_MS = 5_000;

/** Asks all processes of the installation how they are, and names the services that none of them runs. */
export async function listServices(
  { census, config }: Pick<AuthParts, 'census' | 'config'>,
  actor: Pick<Actor, 'identity'>,
) {
  requireAdmin(actor.identity);
  const seen = await census.take();
  const running = new Set(seen.flatMap(({ report, isAnswering }) => (isAnswering ? report.runs : [])));
  return {
    nodes: seen.map(serviceProcess),
    missing: ['gateway', ...OWNERS].filter((name) => !running.has(name)),
    traceUrl: config.TRACE_URL,
  };
}

/** Yields the same again and again, until the follower leaves. */
export async function* followServices(
  parts: Pick<AuthParts, 'census' | 'config'>,
  actor: Pick<Actor, 'identity'>,
  signal: AbortSignal,
): AsyncGenerator<Awaited<ReturnType<typeof listServices>>> {
  while (!signal.aborted) {
    yield await listServices(parts, actor);
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function serviceProcess({ report, seenAt, isAnswering }: SeenProcess) {
  const checks = Object.entries(report.checks).map(([name, { status, detail }]) => ({
    name,
    isUp: status === 'up',
    detail,
  }));
  const isHealthy = checks.every(({ isUp }) => isUp) && report.unavailable.length === 0;
  return {
    ...report,
    id: `${report.service}@${report.instance}`,
    nodeVersion: report.node,
    startedAt: new Date(report.startedAt),
    seenAt,
    status: isAnswering ? (isHealthy ? 'HEALTHY' : 'DEGRADED') : 'SILENT',
    checks,
    eventLoopDelayMs: report.loopDelayMs,
  };
}
