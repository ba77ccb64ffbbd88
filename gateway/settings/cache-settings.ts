import { z } from 'zod';

/** A day: what is kept for longer is better sent with a name of its own. */
const MAX_SECONDS = 86_400;
const seconds = (min: number) =>
  z
    .number({ error: `a whole number of seconds from ${min} to ${MAX_SECONDS}` })
    .int()
    .min(min)
    .max(MAX_SECONDS);
const flag = z.boolean({ error: 'true or false' });

/** How long answers of a subgraph are kept. */
export const subgraphCache = z.strictObject({
  /** Off when absent. */
  enabled: flag.optional(),
  /** Where neither `cache-control` nor `@cacheControl` says how long. Without, such answers are not kept. */
  ttl: seconds(1).optional(),
  /** How long an answer may be given out after that while a new one is fetched, where the answer does not say. */
  stale_while_revalidate: seconds(0).optional(),
});

/** What holds for the cache of all answers. */
export const answerCache = z.strictObject({
  /** Whether whole answers to queries are kept, of which every part is public. */
  answers: flag.optional(),
  /** What `POST /cache/invalidate` wants after `Bearer`; without, there is no such path. */
  invalidation_secret: z
    .string({ error: 'a secret of 16 characters or more' })
    .min(16, 'a secret of 16 characters or more')
    .optional(),
});
