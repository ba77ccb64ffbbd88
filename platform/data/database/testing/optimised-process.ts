// A process of its own: V8 prints what it optimises, and the test reads that.
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { openEmbedded } from '../embedded.ts';

const database = openEmbedded({
  directory: undefined,
  root: process.cwd(),
  durable: false,
  log: pino({ level: 'silent' }),
});
await database.opened;
const pool = database.pool('chat');
for (let i = 0; i < 500; i++) await pool.query(`SELECT ${i} + 1 AS next, 'text ${i}' AS text`);
await sleep(3_000);
await database[Symbol.asyncDispose]();
