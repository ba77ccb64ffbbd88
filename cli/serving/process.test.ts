import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('WebAssembly that reads where it may not ends with an error, and does not hold its thread', async () => {
  const file = new URL('./testing/trap.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000, killSignal: 'SIGKILL' });
  expect(stdout).toContain('caught: RuntimeError: memory access out of bounds');
}, 40_000);
