/**
 * A process that is there to be killed: it appends to twenty streams without end, and says on standard output, as lines
 * of JSON, what their readers saw.
 *
 * node stream-process.ts <directory>
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { MemoryStreamLog } from '../memory-stream-log.ts';

const lifecycle = new AsyncDisposableStack();
const log = new MemoryStreamLog({ metrics: new Registry(), lifecycle, directory: process.argv[2]! });
await Promise.all(
  Array.from({ length: 20 }, async (_, n) => {
    const stream = `stream-${n}`;
    const writer = await log.open(stream);
    void (async () => {
      for await (const event of log.read(stream)) {
        if (event.type !== 'chunks') continue;
        writeSync(1, `${JSON.stringify({ stream, text: event.chunks.join('') })}\n`);
      }
    })();
    for (let word = 0; ; word++) {
      writer.append(`word ${word} é𝄞 `);
      await sleep(word % 3);
    }
  }),
);
