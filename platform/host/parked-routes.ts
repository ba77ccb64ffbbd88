import { z } from 'zod';
import { badInput } from '../base/errors/errors.ts';
import type { ParkedItem, ParkedWork } from '../data/parked-work.ts';
import type { Route } from './definition.ts';
import { requireService } from './require-service.ts';

/** Where a subgraph with events or jobs tells the administration what it has parked, and takes decisions. */
export const PARKED_ROUTE = '/parked';
/** Most items that are listed, and most ids in one decision. */
export const MAX_PARKED = 200;

export const parkedAnswer = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      of: z.enum(['JOB', 'EVENT']),
      kind: z.string(),
      attempts: z.number(),
      problem: z.string().optional(),
      parkedAt: z.coerce.date(),
    }),
  ),
});
export const parkedDecision = z.object({
  change: z.enum(['retry', 'drop']),
  ids: z.array(z.string().max(100)).max(MAX_PARKED),
});
/** Ids of what was parked and has been changed. */
export const parkedDecided = z.object({ ids: z.array(z.string()) });

/** Creates the routes by which other processes of the installation list, retry and drop parked work. */
export const parkedRoutes = (parked: ParkedWork): Route[] => [
  {
    method: 'GET',
    path: PARKED_ROUTE,
    async handle(request, call) {
      requireService(call);
      const first = Number(new URL(request.url).searchParams.get('first') ?? MAX_PARKED);
      if (!Number.isInteger(first) || first < 1 || first > MAX_PARKED)
        throw badInput('first', `is not a whole number from 1 to ${MAX_PARKED}.`);
      return Response.json({ items: await parked.list(first) } satisfies { items: ParkedItem[] });
    },
  },
  {
    method: 'POST',
    path: PARKED_ROUTE,
    async handle(request, call) {
      requireService(call);
      const asked = parkedDecision.safeParse(await request.json().catch(() => undefined));
      if (!asked.success) throw badInput('change', 'is not a decision about parked work.');
      const { change, ids } = asked.data;
      const decided: string[] = [];
      for (const id of ids) if (await parked[change](id)) decided.push(id);
      return Response.json({ ids: decided });
    },
  },
];
