import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { openEvents } from './open-events.ts';

const opened = async (begin: string, alive?: () => void) => {
  const body = new Readable({ read() {} });
  body.push(begin);
  const response = { status: 200, headers: new Headers({ 'content-type': 'application/x-ndjson' }), body };
  return { body, events: await openEvents(response as never, alive) };
};

it('a line of JSON is an event as soon as it has come', async () => {
  const { body, events } = await opened('\uFEFF{"a":1}\r\n{"b"');
  expect(await events.next()).toEqual({ name: '', data: '{"a":1}' });
  expect(events.ready()).toBeUndefined();
  body.push(':2}\n\n{"c":3}\n{"d":4}');
  expect(await events.next()).toEqual({ name: '', data: '{"b":2}' });
  expect(events.ready()).toEqual({ name: '', data: '{"c":3}' });
  expect(events.done).toBe(false);
  body.push(null);
  expect(await events.next()).toEqual({ name: '', data: '{"d":4}' });
  expect(await events.next()).toBeUndefined();
});

it('one object over many lines is one event, and each piece of it says that the server is there', async () => {
  let heard = 0;
  const { body, events } = await opened('{\n', () => heard++);
  const next = events.next();
  await expect.poll(() => heard).toBeGreaterThan(0);
  const begun = heard;
  body.push('"a":\n');
  await expect.poll(() => heard).toBeGreaterThan(begun);
  body.push('1\n}\n');
  body.push(null);
  expect(JSON.parse((await next)!.data)).toEqual({ a: 1 });
  expect(await events.next()).toBeUndefined();
  expect(events.done).toBe(true);
});

it('a line that is torn when the connection ends was cut', async () => {
  const { body, events } = await opened('{"a":1}\n{"b"');
  expect(await events.next()).toEqual({ name: '', data: '{"a":1}' });
  body.push(null);
  await expect(events.next()).rejects.toMatchObject({ kind: 'cut' });
});
