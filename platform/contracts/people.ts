import { z } from 'zod';

/** The plain routes by which other subgraphs ask auth about people and write to them. They answer services alone. */
export const PEOPLE_ROUTES = { find: '/people/find', invite: '/people/invite' } as const;

/** Most people among whom a name is looked for. */
export const MAX_CANDIDATES = 1_000;

/** Which of some people have a name like this. */
export const findPeopleRequest = z.object({
  ids: z.array(z.uuid()).max(MAX_CANDIDATES),
  search: z.string().min(1).max(200),
  limit: z.number().int().min(1).max(50),
});
export const findPeopleAnswer = z.object({ ids: z.array(z.string()) });

/** A link that an address is to be sent. */
export const inviteByMailRequest = z.object({
  email: z.string().max(1_000),
  url: z.string().max(2_000),
  invitedById: z.uuid(),
  lifeMs: z.number().int().min(1),
});
export const inviteByMailAnswer = z.object({ outcome: z.enum(['accepted', 'no address', 'not configured']) });
