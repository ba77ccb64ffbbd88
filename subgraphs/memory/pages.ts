/** How many entries a page of this subgraph's lists has. */
export const PAGES = { fallback: 50, max: 200 } as const;
