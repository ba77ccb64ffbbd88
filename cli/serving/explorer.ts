import type { Account } from '#gateway/explorer/explorer.ts';

/** Operations that the explorer opens with, below the product's folder. */
export const EXAMPLES = 'cli/examples';

/** How the explorer tells who is signed in. */
export const ACCOUNT: Account = { who: 'query Who { person: me { name: displayName } }' };
