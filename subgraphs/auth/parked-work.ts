import type { z } from 'zod';
import { badInput } from '#platform/base/errors/errors.ts';
import { OWNERS, type Owner } from '#platform/contracts/owners.ts';
import type { ParkedItem, ParkedWork as ParkedWorkTable } from '#platform/data/parked-work.ts';
import {
  MAX_PARKED,
  PARKED_ROUTE,
  parkedAnswer,
  parkedDecided,
  type parkedDecision,
} from '#platform/host/parked-routes.ts';
import type { Peers } from '#platform/host/peers.ts';
import { type Identity, requireAdmin } from '#platform/identity/identity.ts';
import type { Actor } from './actor.ts';
import type { AuthParts } from './parts.ts';

/** Parked work of one subgraph, as administrators see it. */
interface ParkedWork {
  readonly id: string;
  readonly subgraph: string;
  readonly type: 'JOB' | 'EVENT';
  readonly kind: string;
  readonly attempts: number;
  readonly problem: string | undefined;
  readonly parkedAt: Date;
}

type Change = z.input<typeof parkedDecision>['change'];

const SELF: Identity = { kind: 'service', service: 'auth' };

/** Asks every subgraph what it has parked. One that does not answer is named, and holds up nothing. */
export async function listParkedWork(
  { peers, parked }: Pick<AuthParts, 'peers' | 'parked'>,
  first: number,
  actor: Pick<Actor, 'identity'>,
): Promise<{ nodes: ParkedWork[]; unreachable: string[] }> {
  requireAdmin(actor.identity);
  if (!(first >= 1 && first <= MAX_PARKED))
    throw badInput('first', `is ${first}; it lies between 1 and ${MAX_PARKED}.`);
  const unreachable: string[] = [];
  const lists = await Promise.all(
    OWNERS.map(async (subgraph) => {
      try {
        const items = subgraph === 'auth' ? await parked.list(first) : await askFor(peers, subgraph, first);
        return items.map(({ of: type, problem, ...item }): ParkedWork => ({ ...item, subgraph, type, problem }));
      } catch {
        unreachable.push(subgraph);
        return [];
      }
    }),
  );
  const nodes = lists.flat().sort((a, b) => a.parkedAt.getTime() - b.parkedAt.getTime() || (a.id < b.id ? -1 : 1));
  return { nodes: nodes.slice(0, first), unreachable };
}

/**
 * Retries or drops parked work wherever it is, and notes it in the audit log.
 *
 * @returns the ids of what was parked and has been changed, and the subgraphs that did not answer: what lies there may
 * be parked still.
 */
export async function changeParkedWork(
  { peers, parked, changes }: Pick<AuthParts, 'peers' | 'parked' | 'changes'>,
  change: Change,
  ids: readonly string[],
  actor: Actor,
): Promise<{ ids: string[]; unreachable: string[] }> {
  requireAdmin(actor.identity);
  if (ids.length === 0 || ids.length > MAX_PARKED)
    throw badInput('input.ids', `has ${ids.length} ids; 1 to ${MAX_PARKED} are possible.`);
  const body = JSON.stringify({ change, ids: [...ids] } satisfies z.input<typeof parkedDecision>);
  const headers = { 'content-type': 'application/json' };
  const answers = await Promise.allSettled(
    OWNERS.map(async (subgraph) => {
      if (subgraph === 'auth') return decideHere(parked, change, ids);
      const request = new Request(`http://${subgraph}${PARKED_ROUTE}`, { method: 'POST', headers, body });
      return parkedDecided.parse(await (await peers.fetch(subgraph, request, { identity: SELF })).json()).ids;
    }),
  );
  const decided = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const unreachable = OWNERS.filter((_, index) => answers[index]!.status === 'rejected');
  if (decided.length > 0)
    await changes.run(actor, (noted) =>
      noted.audit({ type: 'authz_admin', details: { what: `parked work: ${change}`, ids: [...decided] } }),
    );
  return { ids: decided, unreachable };
}

async function askFor(peers: Peers, subgraph: Owner, first: number): Promise<readonly ParkedItem[]> {
  const request = new Request(`http://${subgraph}${PARKED_ROUTE}?first=${first}`);
  const answer = await peers.fetch(subgraph, request, { identity: SELF });
  return parkedAnswer.parse(await answer.json()).items.map((item) => ({ ...item, problem: item.problem }));
}

async function decideHere(parked: ParkedWorkTable, change: Change, ids: readonly string[]): Promise<string[]> {
  const decided: string[] = [];
  for (const id of ids) if (await parked[change](id)) decided.push(id);
  return decided;
}
