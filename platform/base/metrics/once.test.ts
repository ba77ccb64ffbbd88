import { Counter, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { once } from './once.ts';

const counter = (registry: Registry) => new Counter({ name: 'things_total', help: 'Things.', registers: [registry] });
const other = (registry: Registry) => new Counter({ name: 'others_total', help: 'Others.', registers: [registry] });

it('makes the instruments of a registry once, and those of another registry again', () => {
  const [one, two] = [new Registry(), new Registry()];
  expect(once(one, counter)).toBe(once(one, counter));
  expect(once(two, counter)).not.toBe(once(one, counter));
  expect(once(one, other)).not.toBe(once(one, counter));
});
