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

/** Fields of many subgraphs, nested as deep as is allowed, in a choice of its own each time: no two have one plan. */
function manyPlans(n: number): string {
  const chosen = (names: readonly string[], level: number): string =>
    names.filter((_, i) => ((n * 7 + level * 3) >> i) % 2 === 0).join(' ');
  const user = (level: number): string =>
    `{ id ${chosen(['displayName', 'createdAt', 'avatarUrl', 'email'], level)} usage { calls } ${
      level === 0
        ? ''
        : `memories(first: 1) { nodes { id ${chosen(['text', 'createdAt', 'kind'], level)} conversation ${conversation(level - 1)} } }`
    } }`;
  const conversation = (level: number): string =>
    `{ id ${chosen(['title', 'createdAt', 'lastActivityAt', 'archivedAt'], level)} usage { calls } contexts { id } activeLeaf { id author ${user(level)} attachments { id } } }`;
  return `query Q${n} { me ${user(2)} conversations(first: ${1 + (n % 3)}) { nodes ${conversation(2)} } }`;
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
  'fields to merge': (n) =>
    query(
      `{me{${'...on User{id displayName createdAt avatarUrl email emailVerified roles disabledAt lastLoginAt} '.repeat(230)}}}`,
      n,
    ),
  'variables that are not used': (n) => query(`query(${repeat(499, (i) => `$v${i}:Int`)}){models{id}}`, n),
  'many variables': (n) => query(`query(${repeat(1_500, (i) => `$v${i}:Int`)}){models{id}}`, n),
  'large variables': (n) => query('query($v:JSON){__typename}', n, `{"v":[${'0,'.repeat(200_000)}0],"n":${n}}`),
  'fields of new names': (n) =>
    query('query($v:JSON){__typename}', n, `{"v":[${repeat(4_400, (i) => `{"${n}k${i}":0}`).replaceAll(' ', ',')}]}`),
  'more fields than are read': (n) =>
    query('query($v:JSON){__typename}', n, `{"v":[${repeat(33_000, (i) => `{"${n}k${i}":0}`).replaceAll(' ', ',')}]}`),
  'more objects than are read': (n) => query('query($v:JSON){__typename}', n, `{"v":[${'{},'.repeat(150_000)}${n}]}`),
  'objects without fields': (n) => query('query($v:JSON){__typename}', n, `{"v":[${'{},'.repeat(31_000)}${n}]}`),
  'lists without items': (n) => query('query($v:JSON){__typename}', n, `{"v":[${'[0],'.repeat(31_000)}${n}]}`),
  'short texts': (n) =>
    query('query($v:JSON){__typename}', n, `{"v":[${repeat(25_000, (i) => `"${n}${i}"`).replaceAll(' ', ',')}]}`),
  'lines of a block string': (n) => query(`{models(a:"""${'\n'.repeat(9_900)}"""){id}}`, n),
  'more lines than are read': (n) => query(`{models(a:"""${'\n '.repeat(150_000)}"""){id}}`, n),
  'deep variables': (n) => query('query($v:JSON){__typename}', n, `{"v":${lists(200_000)}}`),
  'many plans': (n) => query(manyPlans(n), n),
  'no JSON': (n) => post(`${'['.repeat(500_000)}${n}`),
  'by GET': (n) => ({
    path: `/graphql?query=${encodeURIComponent(`{models{${'id '.repeat(2_000)}}} #${n}`)}`,
    headers: { 'apollo-require-preflight': '1' },
  }),
};
