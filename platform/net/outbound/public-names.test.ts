import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { publicNames } from './public-names.ts';

/** A server of names that answers as it is told to, or never. */
async function serve(answer?: (question: Buffer) => Buffer | undefined) {
  const server = createSocket('udp4');
  let asked = 0;
  server.on('message', (question, { port, address }) => {
    asked++;
    const said = answer?.(question);
    if (said) server.send(said, port, address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    resolve: publicNames([`127.0.0.1:${server.address().port}`]),
    asked: () => asked,
    [Symbol.dispose]: () => server.close(),
  };
}

/** The answer that an A question has the address 93.184.215.14, and an AAAA question none. */
function address(question: Buffer): Buffer {
  const end = question.indexOf(0, 12) + 5;
  const isA = question.readUInt16BE(end - 4) === 1;
  const head = Buffer.from(question.subarray(0, end));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(isA ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 93, 184, 215, 14]);
  return isA ? Buffer.concat([head, record]) : head;
}

it('asks the server of names itself', async () => {
  using names = await serve(address);
  expect(await names.resolve('example.org')).toEqual([{ address: '93.184.215.14', family: 4 }]);
});

it('names whose server is silent are given up, and hold up no other name of the process', async () => {
  using names = await serve();
  const order: string[] = [];
  const silent = Array.from({ length: 40 }, (_, n) =>
    names.resolve(`n${n}.example.org`).then(
      () => order.push('found'),
      () => order.push('given up'),
    ),
  );
  await expect.poll(names.asked).toBeGreaterThan(40);
  await lookup('localhost').then(() => order.push('another'));
  await Promise.all(silent);
  expect(order).toEqual(['another', ...silent.map(() => 'given up')]);
}, 60_000);
