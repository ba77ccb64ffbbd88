/** The n-th request of a kind; no two have the same text, so that nothing is known already. */
export type Attack = (n: number) => RequestInit & { readonly path?: string };

const post = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body,
});
const query = (text: string, n: number, variables?: string): RequestInit =>
  post(`{"query":${JSON.stringify(`${text} #${n}`)}${variables === undefined ? '' : `,"variables":${variables}`}}`);

const repeat = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join(' ');
const lists = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

/** Fields of the graph that stand for much, nested as deep as is allowed, in an order of its own each time. */
function manyPlans(n: number): string {
  const leaves = ['id', 'createdAt', 'title', '__typename'];
  const user = (level: number): string =>
    level === 0
      ? '{ id }'
      : `{ ${leaves[(n >> level) % 1]} conversations(first: ${1 + (n % 3)}) { nodes { ${leaves.slice(0, 1 + ((n >> level) % 4)).join(' ')} messages(first: 1) { nodes { id usage { calls } author { ...on User ${user(level - 1)} } } } usage { calls } } } usage { calls } }`;
  return `query Q${n} { me ${user(2)} }`;
}

/** The most that the default limits let through to validation and planning, and what they should stop before. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  'lists in lists': (n) =>
    query(`mutation{setContext(input:{key:"l",scope:{scope:USER},value:${lists(31)}}){context{id}}}`, n),
  'lists too deep': (n) =>
    query(`mutation{setContext(input:{key:"l",scope:{scope:USER},value:${lists(100_000)}}){context{id}}}`, n),
  'filters in filters': (n) => {
    const filter = `${'{and:['.repeat(15)}${']}'.repeat(15)}`;
    return query(`{vectorCollections(first:1){nodes{id aggregate(filter:${filter}){count}}}}`, n);
  },
  'fragments in fragments': (n) => query(`${'{...'.repeat(3_000)}{models{id}}${'}'.repeat(3_000)}`, n),
  'one field again and again': (n) => query(`{me{${'id '.repeat(9_900)}}}`, n),
  'one object again and again': (n) => query(`{me{${'conversations(first:1){nodes{id}} '.repeat(700)}}}`, n),
  'a thousand fragments': (n) =>
    query(`{me{${repeat(900, (i) => `...F${i}`)}}} ${repeat(900, (i) => `fragment F${i} on User{id}`)}`, n),
  'a chain of fragments': (n) =>
    query(
      `{me{...F0}} ${repeat(18, (i) => `fragment F${i} on User{...F${i + 1} ...F${i + 1} id}`)} fragment F18 on User{id}`,
      n,
    ),
  'unknown fields': (n) => query(`{${repeat(5_000, (i) => `f${i}`)}}`, n),
  'many variables': (n) => query(`query(${repeat(1_500, (i) => `$v${i}:Int`)}){models{id}}`, n),
  'large variables': (n) => query('query($v:JSON){__typename}', n, `{"v":[${'0,'.repeat(200_000)}0],"n":${n}}`),
  'deep variables': (n) => query('query($v:JSON){__typename}', n, `{"v":${lists(200_000)}}`),
  'many plans': (n) => query(manyPlans(n), n),
  'no JSON': (n) => post(`${'['.repeat(500_000)}${n}`),
  'by GET': (n) => ({
    path: `/graphql?query=${encodeURIComponent(`{models{${'id '.repeat(2_000)}}} #${n}`)}`,
    headers: { 'apollo-require-preflight': '1' },
  }),
};
