import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('V8 optimises what the embedded database runs often, but not its parser, which takes 600 MB', async () => {
  const flags = ['--trace-wasm-compilation-times', '--wasm-tiering-budget=200000'];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...flags, path.join(import.meta.dirname, 'testing/optimised-process.ts')],
    { maxBuffer: 2 ** 26 },
  );
  const largest = [...stdout.matchAll(/using TurboFan, took \d+ ms and (\d+) \//g)].map(([, bytes]) => Number(bytes));
  expect(largest.length).toBeGreaterThan(20);
  expect(Math.max(...largest)).toBeLessThan(150 * 1024 ** 2);
}, 60_000);
