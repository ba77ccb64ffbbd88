import { once } from 'node:events';
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { writeTogether } from './write-together.ts';

it('what is written in one turn of the loop, also by what follows it at once, leaves together and in order', async () => {
  const calls: string[] = [];
  const socket = new Writable({
    write(chunk: Buffer, _encoding, done) {
      calls.push(chunk.toString());
      done();
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  writeTogether(socket);
  const told: number[] = [];
  for (const n of [1, 2, 3]) socket.write(`${n} `, () => told.push(n));
  void Promise.resolve().then(() => socket.write('4 '));
  await new Promise(setImmediate);
  expect(calls).toEqual(['1 2 3 4 ']);
  socket.write('5');
  socket.end();
  await once(socket, 'finish');
  expect([calls.join(''), told]).toEqual(['1 2 3 4 5', [1, 2, 3]]);
});
