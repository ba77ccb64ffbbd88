import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * The layers of the house, from the top down. A folder imports from its own layer, where that is one folder, and from
 * layers below; folders that share a layer do not import one another.
 */
const HOUSE = [
  ['bench'],
  ['tests'],
  ['cli'],
  ['gateway', 'subgraphs'],
  ['llm'],
  ['retrieval'],
  ['platform'],
  ['prisma'],
  // Clients of the graph: they know its schema, and nothing of what serves it.
  ['examples', 'console'],
  ['clients'],
];
/** Who may import the clients of the graph, beside themselves: what tries them out. */
const CLIENTS = new Set(['console', 'clients', 'examples']);
const TRIES = new Set(['bench', 'tests']);
/** The layers inside of a folder that has some. Files beside them stand above. */
export const INSIDE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  gateway: [
    ['rest', 'explorer', 'openai', 'mcp'],
    ['doors'],
    ['protocols'],
    ['subscriptions'],
    ['policy'],
    ['execution'],
    ['cache'],
    ['server'],
    ['supergraph'],
    ['request'],
    ['turns'],
    ['settings'],
  ],
  'gateway/execution': [
    ['reference'],
    ['engine'],
    ['answering'],
    ['fetching'],
    ['run'],
    ['writer'],
    ['planning'],
    ['prepare'],
  ],
  platform: [['host'], ['net'], ['identity'], ['data'], ['realtime'], ['contracts'], ['base']],
};
const SUBGRAPHS = 'subgraphs';

const IMPORT = /(?:\bfrom|\bimport|\bimport\()\s*['"]([.#][^'"]*)['"]/g;
const SOURCES = '{cli,gateway,subgraphs,llm,retrieval,platform,bench,tests,console,clients,examples}/**/*.{ts,tsx}';
/** Files that stand beside what they test and may reach above it. */
const TEST = /\.test\.ts$|\/testing\/|\.contract\.ts$/;

interface Import {
  readonly from: string;
  readonly to: string;
}

/**
 * Returns what is wrong with the imports of the sources, type imports too: arrows that point up or across, and circles
 * among the files and folders of one folder.
 */
export function wrongArrows(root: string): string[] {
  const imports = [...readImports(root)];
  return [...new Set([...imports.flatMap(wrongLayer), ...circles(imports)])].sort();
}

function* readImports(root: string): Generator<Import> {
  for (const from of globSync(SOURCES, { cwd: root }).sort()) {
    if (TEST.test(from)) continue;
    for (const [, specifier] of readFileSync(path.join(root, from), 'utf8').matchAll(IMPORT)) {
      const to = specifier!.startsWith('#') ? specifier!.slice(1) : path.join(path.dirname(from), specifier!);
      if (/\.tsx?$/.test(to) && existsSync(path.join(root, to))) yield { from, to };
    }
  }
}

function wrongLayer({ from, to }: Import): string[] {
  const [parent, one, other] = parting(from, to);
  const layers = parent === '' ? HOUSE : INSIDE[parent];
  if (parent === '' && CLIENTS.has(other) && !CLIENTS.has(one) && !TRIES.has(one))
    return [`${from} imports ${to}: the server knows no client`];
  if (parent === SUBGRAPHS) return [`${from} imports ${to}: a subgraph uses others through the graph or by events`];
  if (layers === undefined) return [];
  const [above, below] = [one, other].map((name) => layers.findIndex((layer) => layer.includes(name)));
  // Files beside the layers stand above them all.
  if (above === -1 || above! < below!) return [];
  return [`${from} imports ${to}: ${path.join(parent, other)} stands ${above === below ? 'beside' : 'above'} ${one}`];
}

/** The folder in which two files part, and the entries of it that lead to each. */
function parting(from: string, to: string): [parent: string, one: string, other: string] {
  const [a, b] = [from.split('/'), to.split('/')];
  let depth = 0;
  while (depth < Math.min(a.length, b.length) - 1 && a[depth] === b[depth]) depth++;
  return [a.slice(0, depth).join('/'), a[depth]!, b[depth]!];
}

function circles(imports: readonly Import[]): string[] {
  const folders = new Map<string, Map<string, Set<string>>>();
  for (const { from, to } of imports) {
    const [parent, one, other] = parting(from, to);
    if (one === other) continue;
    const entries = folders.get(parent) ?? new Map<string, Set<string>>();
    folders.set(parent, entries.set(one, (entries.get(one) ?? new Set()).add(other)));
  }
  return [...folders].flatMap(([parent, entries]) => {
    const circle = circleOf(entries);
    return circle ? [`a circle in ${parent || 'the root'}: ${circle.join(' -> ')}`] : [];
  });
}

function circleOf(entries: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const walk = (name: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    if (done.has(name)) return undefined;
    done.add(name);
    for (const next of entries.get(name) ?? []) {
      const circle = walk(next, [...way, name]);
      if (circle) return circle;
    }
    return undefined;
  };
  for (const name of entries.keys()) {
    const circle = walk(name, []);
    if (circle) return circle;
  }
  return undefined;
}
