// The `sextant` command. Each command is a file of its own, loaded when it is called, so that none pays for the others.
import path from 'node:path';
import { Command } from 'commander';
import { keepFilesPrivate } from '#platform/base/files/private-files.ts';
import { report } from './report.ts';
import { beginWithLittleMemory } from './serving/little-memory.ts';
import { onStopSignal } from './serving/stop-signals.ts';

// Data folders, backups and exports hold secrets and everything that users have stored.
keepFilesPrivate();

/** Where the sources, schemas and migrations are. Files that a command names are looked for where it was called. */
const root = path.dirname(import.meta.dirname);
const program = new Command('sextant')
  .description('A self-hosted AI backend that a frontend team talks to as one GraphQL graph.')
  .showHelpAfterError();

/** Before its code is loaded, a command that serves has nothing to close: it ends as one that was told to stop. */
const serving = (): void => onStopSignal(() => process.exit(0));

program
  .command('up')
  .description(
    'gateway and all subgraphs in one process; nothing else needs to be installed (without a name, this one)',
  )
  .option('--no-banner', 'do not print the block of URLs')
  .hook('preAction', serving)
  .action(async ({ banner }: { banner: boolean }) => {
    beginWithLittleMemory();
    await (await import('./serving/up.ts')).up(root, { banner });
  });

program
  .command('serve')
  .argument('<subgraph>', 'its name in supergraph.yaml')
  .description('one subgraph as a process of its own, behind its port')
  .hook('preAction', serving)
  .action(async (subgraph: string) => (await import('./serving/serve.ts')).serve(root, subgraph));

program
  .command('gateway')
  .option(
    '--supergraph <source>',
    'any supergraph instead of SUPERGRAPH_FILE: a supergraph.yaml, a composed .graphql file, the URL of one, `uplink` or `hive`',
  )
  .option('--config <file>', 'a gateway.yaml: what holds for single subgraphs, instead of GATEWAY_FILE')
  .description('the gateway as a process of its own; with --supergraph, a gateway for any supergraph')
  .hook('preAction', serving)
  .action(async ({ supergraph, config }: { supergraph?: string; config?: string }) => {
    if (await (await import('./serving/workers.ts')).superviseWorkers(root)) return;
    await (await import('./serving/gateway.ts')).gateway(root, {
      supergraph,
      settings: config && path.resolve(config),
    });
  });

program
  .command('compose')
  .argument('[file]', 'a supergraph.yaml; left out: SUPERGRAPH_FILE')
  .option('--api', 'print the schema that clients see instead')
  .description('compose the supergraph and print it, as `rover supergraph compose` does')
  .action(async (file: string | undefined, { api }: { api?: boolean }) =>
    (await import('./commands/compose.ts')).compose(root, file, api === true),
  );

program
  .command('schema')
  .description('the schema that clients see')
  .command('check')
  .argument('<old>', 'an earlier schema.graphql: a file, or the URL of one')
  .option('--dangerous', 'refuse dangerous changes too, such as a new value of an enum')
  .description('say what of the graph breaks clients of an earlier one; exit code 1 if something does')
  .action(async (old: string, { dangerous }: { dangerous?: boolean }) =>
    (await import('./commands/schema-check.ts')).checkSchema(root, old, dangerous === true),
  );

program
  .command('migrate')
  .option('--applied <migration>', 'note that a migration whose end is not known has been applied')
  .option('--rolled-back <migration>', 'note that it has not been, so that it is tried again')
  .option('--open', 'let the product in where a restore broke off in the middle, as everything is')
  .description('create schemas and roles and apply migrations to the Postgres of DATABASE_URL')
  .action(async (options: { applied?: string; rolledBack?: string; open?: boolean }) =>
    (await import('./commands/migrate.ts')).migrateDatabase(root, options),
  );

program
  .command('doctor')
  .option('--settings', 'list every setting with its value and meaning')
  .description('explain what was found, what is missing and what to do about it')
  .action(async ({ settings }: { settings?: boolean }) =>
    (await import('./commands/doctor.ts')).doctor(root, settings === true),
  );

program
  .command('health')
  .argument('[subgraph]', 'the one that the process serves; left out: the gateway, or everything')
  .description('ask the process on this machine whether it is healthy; exit code 0 if so (for containers)')
  .action(async (subgraph: string | undefined) => (await import('./commands/health.ts')).health(root, subgraph));

program
  .command('reset')
  .option('--yes', 'do not ask')
  .description('delete all embedded data (SEXTANT_DIR)')
  .action(async ({ yes }: { yes?: boolean }) => (await import('./commands/reset.ts')).reset(root, yes === true));

program
  .command('backup')
  .argument('<file>', 'archive to write, e.g. sextant.backup; `-` for the standard output')
  .option('--passphrase-file <file>', 'encrypt with the passphrase in this file')
  .option('--recipient <key...>', 'encrypt for public keys of age (age1…): this machine cannot read it then')
  .description('copy everything, tables, vectors and files, into one archive, while the product serves')
  .action(async (file: string, { recipient, ...lock }: { passphraseFile?: string; recipient?: string[] }) =>
    (await import('./backup/backup.ts')).backup(root, file === '-' ? file : path.resolve(file), {
      ...lock,
      recipients: recipient,
    }),
  );

program
  .command('restore')
  .argument('<file>', 'archive that `sextant backup` wrote')
  .option('--passphrase-file <file>', 'the passphrase that it is encrypted with')
  .option('--identity <file>', 'secret keys of age, where it is encrypted for public ones')
  .option('--replace', 'delete what is there, when the archive has been read and found whole')
  .option('--claim-files', 'take over the files of the storage: no other installation uses them')
  .option('--check', 'read the archive and say whether it is whole; change nothing')
  .description('bring back everything that a backup holds; processes of the product are kept out meanwhile')
  .action(
    async (
      file: string,
      {
        identity,
        ...options
      }: { passphraseFile?: string; identity?: string; replace?: boolean; claimFiles?: boolean; check?: boolean },
    ) =>
      (await import('./backup/restore.ts')).restore(root, path.resolve(file), { ...options, identityFile: identity }),
  );

program
  .command('reindex')
  .option('--claim-files', 'claim the files for this installation: another one no longer uses them')
  .option('--remove-files', 'claim the files, and remove all that have no row')
  .option('--accept-loss', 'give up objects of vector collections that the store has lost')
  .description('make files, vectors and the indexes of memory agree with the rows, after a store was lost or restored')
  .action(
    async ({
      claimFiles,
      removeFiles,
      acceptLoss,
    }: {
      claimFiles?: boolean;
      removeFiles?: boolean;
      acceptLoss?: boolean;
    }) =>
      (await import('./commands/reindex.ts')).reindex(root, {
        claimsFiles: claimFiles,
        removesFiles: removeFiles,
        acceptsLoss: acceptLoss,
      }),
  );

const parked = program.command('parked').description('jobs and events that failed too often and wait for a decision');

parked
  .command('list')
  .description('print them, the oldest first: id, subgraph, job or event, kind, attempts, time, problem')
  .action(async () => (await import('./commands/parked.ts')).listParked(root));

for (const [name, description] of [
  ['retry', 'give them another round of attempts'],
  ['drop', 'give them up for good'],
] as const)
  parked
    .command(name)
    .argument('<ids...>', 'ids of `sextant parked list`, or `all`')
    .description(description)
    .action(async (ids: string[]) => (await import('./commands/parked.ts')).changeParked(root, name, ids));

const vectors = program.command('vectors').description('move vectors from one store to another');

vectors
  .command('export')
  .argument('<file>', 'archive to write, e.g. vectors.jsonl.gz')
  .argument('[spaces...]', 'only these spaces')
  .description('copy the configured vector store, embedded or Weaviate, into one archive')
  .action(async (file: string, spaces: string[]) =>
    (await import('./commands/vectors.ts')).exportVectors(root, path.resolve(file), spaces),
  );

vectors
  .command('import')
  .argument('<file>', 'archive that `sextant vectors export` wrote')
  .description('store what an archive holds in the configured vector store; doing it again changes nothing')
  .action(async (file: string) => (await import('./commands/vectors.ts')).importVectors(root, path.resolve(file)));

// `sextant compose | head` closes the pipe early, which is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const given = process.argv.slice(2);
// Not as commander's default command, which takes the name of an unknown one for an argument.
const isUp = given.length === 0 || (given[0]!.startsWith('-') && !/^(-h|--help)$/.test(given[0]!));
program.parseAsync(isUp ? ['up', ...given] : given, { from: 'user' }).catch(report);
