// `npm run check`: everything that can be said of the sources without running the product. Each step says how long it
// took. `npm run check -- types lint` takes the steps whose titles hold one of these words.
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildSchema } from 'graphql';
import { OWNERS } from '#platform/contracts/owners.ts';
import { staleArtefacts } from './artefacts/artefacts.ts';
import { wrongArrows } from './checks/arrows.ts';
import { breakingChanges } from './checks/breaking-changes.ts';
import { wideComments } from './checks/comment-width.ts';
import { differingModels } from './checks/copied-models.ts';
import { disagreeingDescriptions } from './checks/disagreeing-descriptions.ts';
import { wrongDocstrings } from './checks/docstrings.ts';
import { brokenLinks } from './checks/links.ts';
import { unconventional } from './checks/schema-conventions.ts';
import { spreadingNulls } from './checks/spreading-nulls.ts';
import { sayingLittle, undescribed } from './checks/undescribed.ts';
import { wrongWays } from './checks/ways.ts';
import { unusedWords } from './checks/words.ts';

const root = path.dirname(import.meta.dirname);
const run = promisify(execFile);

/** Runs a tool of the project; rejects with what it printed. */
async function tool(name: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  try {
    const { stdout, stderr } = await run(path.join(root, 'node_modules', '.bin', name), args, {
      cwd: root,
      // Their output comes through a pipe: what a terminal shows in colours must be text in a file.
      env: { ...env, ...(process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: '0' }) },
      maxBuffer: 1e8,
    });
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string };
    throw new Error(`${stdout}${stderr}`.trim() || message);
  }
}

/**
 * A schema and its migrations say the same. The exit code alone is not proof: an engine that did nothing exits with 0.
 */
async function migrationsAgree(): Promise<void> {
  for (const owner of OWNERS) {
    const args = [
      '--from-migrations',
      `prisma/${owner}/migrations`,
      '--to-schema',
      `prisma/${owner}/schema.prisma`,
      '--exit-code',
    ];
    const output = await tool('prisma', ['migrate', 'diff', ...args], { ...process.env, SUBGRAPH: owner }).catch(
      (error) => {
        throw new Error(
          `prisma/${owner}: migrations and schema differ. Write one with \`prisma migrate dev\`.\n${error.message}`,
        );
      },
    );
    if (!output.includes('No difference detected'))
      throw new Error(`prisma/${owner}: the schema engine gave no answer:\n${output}`);
  }
}

async function artefactsFresh(): Promise<void> {
  const stale = await staleArtefacts(root);
  if (stale.length > 0)
    throw new Error(`These were out of date and have been made again; commit them:\n${stale.join('\n')}`);
}

const trackedFiles = async (): Promise<string[]> =>
  (await run('git', ['ls-files'], { cwd: root, maxBuffer: 1e8 })).stdout.split('\n').filter(Boolean);

/** Throws what was found, a line each. */
async function none(found: readonly string[]): Promise<void> {
  if (found.length > 0) throw new Error(found.join('\n'));
}

async function schemaCompatible(): Promise<void> {
  const changes = await breakingChanges(root);
  if (changes.length > 0) {
    throw new Error(
      `The schema breaks clients:\n${changes.join('\n')}\nSay "BREAKING CHANGE" in the commit's message if that is meant.`,
    );
  }
}

/** Frontend teams read the schema alone: an element without a description is one that they have to ask about. */
async function schemaDescribed(): Promise<void> {
  const schema = buildSchema(await readFile(path.join(root, 'schema.graphql'), 'utf8'));
  const missing = undescribed(schema);
  if (missing.length > 0) {
    throw new Error(`These have no description; write one in the subgraph's schema.graphql:\n${missing.join('\n')}`);
  }
  const little = sayingLittle(schema);
  if (little.length > 0) {
    throw new Error(`These need three words at least, and no pronoun for what they describe:\n${little.join('\n')}`);
  }
  const files = globSync('subgraphs/*/schema.graphql', { cwd: root });
  const schemas = await Promise.all(
    files.map(async (file) => [file.split(path.sep)[1]!, await readFile(path.join(root, file), 'utf8')] as const),
  );
  const disagreeing = disagreeingDescriptions(new Map(schemas));
  if (disagreeing.length > 0) {
    throw new Error(
      `Subgraphs describe these in different words, of which one is seen; agree on it:\n${disagreeing.join('\n')}`,
    );
  }
}

/** What a client learnt from one field must hold for the next one. */
async function schemaConventional(): Promise<void> {
  const found = globSync('subgraphs/*/schema.graphql', { cwd: root }).map(async (file) =>
    unconventional(await readFile(path.join(root, file), 'utf8')).map((fault) => `${file}: ${fault}`),
  );
  await none((await Promise.all(found)).flat());
}

/** One subgraph that is down must not take the fields of others with it. */
async function failsAlone(): Promise<void> {
  const spreading = spreadingNulls(await readFile(path.join(root, 'supergraph.graphql'), 'utf8'));
  if (spreading.length > 0) {
    throw new Error(
      `The null of a subgraph that is down would spread from these; let them be null:\n${spreading.join('\n')}`,
    );
  }
}

/** A package without a hash is installed as whatever a registry sends; an address ties the lock to one registry. */
async function lockComplete(): Promise<void> {
  const lock = JSON.parse(await readFile(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { integrity?: string; resolved?: string; link?: boolean }>;
  };
  const wrong = Object.entries(lock.packages).flatMap(([name, { integrity, resolved, link }]) => {
    // The project itself and its workspaces are folders, which no registry sends.
    if (!name.includes('node_modules/') || link) return [];
    if (!integrity?.startsWith('sha512-'))
      return [`${name} has no integrity: npm view <package>@<version> dist.integrity`];
    return resolved === undefined ? [] : [`${name} has a resolved address: leave it out`];
  });
  if (wrong.length > 0) throw new Error(`package-lock.json:\n${wrong.join('\n')}`);
}

const steps: [string, () => Promise<unknown>][] = [
  ['types', () => tool('tsc', ['-p', '.'])],
  // The console has types of its own: Vite's, and what its Apollo Client does by default.
  ['types of the console', () => tool('tsc', ['-p', 'console'])],
  [
    'lint',
    () => tool('biome', ['ci', '--error-on-warnings', `--colors=${process.stdout.isTTY ? 'force' : 'off'}`, '.']),
  ],
  ['import arrows', () => none(wrongArrows(root))],
  ['every dependency has its hash', lockComplete],
  ['generated artefacts are up to date', artefactsFresh],
  ['no breaking change of the schema', schemaCompatible],
  ['every element of the schema is described', schemaDescribed],
  ['the schema has the shapes described in CONTRIBUTING', schemaConventional],
  ['a subgraph that is down fails alone', failsAlone],
  ['pages name files that are there', () => none(brokenLinks(root))],
  ['the ways through the house are as short as they are told', () => none(wrongWays(root))],
  ['comments keep to 120 columns', async () => none(wideComments(root, await trackedFiles()))],
  ['words are those of the house', async () => none(unusedWords(root, await trackedFiles()))],
  ['exported things say what they are and do', async () => none(wrongDocstrings(root, await trackedFiles()))],
  ['copied models are equal', () => none(differingModels(root))],
  ['schemas and migrations agree', migrationsAgree],
  ['no dead code', () => tool('knip', [])],
];

const words = process.argv.slice(2);
const chosen = words.length === 0 ? steps : steps.filter(([title]) => words.some((word) => title.includes(word)));
if (chosen.length === 0)
  throw new Error(`No step is called so. The steps are: ${steps.map(([title]) => title).join(', ')}`);

let failed = 0;
for (const [title, step] of chosen) {
  const started = performance.now();
  try {
    await step();
    console.log(`ok    ${title} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${title}\n${error instanceof Error ? error.message : error}\n`);
  }
}
process.exitCode = failed > 0 ? 1 : 0;
