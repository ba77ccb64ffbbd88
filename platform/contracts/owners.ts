/** The subgraphs that own tables: each has one schema, one migration history, one client and one role of its own. */
export const OWNERS = ['auth', 'chat', 'memory', 'vision', 'vector', 'analytics'] as const;

export type Owner = (typeof OWNERS)[number];

/** Returns the role that reaches the owner's schema and nothing else. */
export const roleOf = (owner: Owner): string => `sextant_${owner}`;
