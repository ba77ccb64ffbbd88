// Opens and closes the embedded database of a data folder in a process that does nothing else; prints how long opening took.
import { pino } from 'pino';
import { openEmbedded } from '#platform/database/embedded.ts';

const [root, directory] = process.argv.slice(2);
const started = performance.now();
const database = openEmbedded({
  directory: directory!,
  root: root!,
  durable: true,
  log: pino({ level: 'silent' }),
});
await database.opened;
process.send?.({ ms: performance.now() - started });
await database[Symbol.asyncDispose]();
process.disconnect?.();
