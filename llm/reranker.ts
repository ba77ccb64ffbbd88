import type { Reranker } from '#retrieval/vectors/reranker.ts';
import type { Models } from './models.ts';

/**
 * Returns the reranker of the language models. Each call of it is recorded as the caller's.
 *
 * @param withinMs 0: none.
 */
export const rerankerOf = (models: Models, withinMs: number): Reranker | undefined =>
  withinMs === 0 || !models.mayRerank
    ? undefined
    : {
        withinMs,
        async score(query, texts, { userId, apiKeyId, purpose }, signal) {
          // What the installation itself looks for is not worth a call on the account of no user.
          if (userId === undefined) return undefined;
          const identity = { kind: 'user', userId, roles: [], scopes: [], expiresAt: 0, apiKeyId } as const;
          return (await models.rerank({ query, texts }, { identity, purpose, signal }))?.scores;
        },
      };
