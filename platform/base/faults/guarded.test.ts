import { spawnSync } from 'node:child_process';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { guarded, watchFaults } from './guarded.ts';

function recordingLog() {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { lines, log };
}

/** How many faults a registry counts at a place. */
async function countOf(registry: Registry, where: string): Promise<number> {
  const text = await registry.metrics();
  return Number(new RegExp(`sextant_handler_errors_total\\{where="${where}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
}

describe('a handler that throws', () => {
  it.each([
    ['at once', () => JSON.parse('{')],
    ['later', async () => JSON.parse('{')],
  ])('%s ends what it belongs to, is logged with its id, and counted', async (when, handler) => {
    const { lines, log } = recordingLog();
    const registry = new Registry();
    const unwatch = watchFaults(registry, log);
    const end = vi.fn();
    const where = `test ${when}`;
    guarded({ where, about: (id: string) => ({ connection: id }), end }, handler as (id: string) => unknown)('c1');
    await expect.poll(() => end.mock.calls.length).toBe(1);
    const [{ errorId }, connection] = end.mock.calls[0]!;
    expect(connection).toBe('c1');
    expect(lines).toEqual([expect.objectContaining({ level: 50, where, errorId, connection: 'c1' })]);
    expect(await countOf(registry, where)).toBe(1);
    unwatch();
  });

  it('may fail again while it ends what it belongs to', () => {
    const { lines, log } = recordingLog();
    const fail = () => {
      throw new Error('again');
    };
    guarded({ where: 'test twice', log, end: fail }, fail)();
    expect(lines).toHaveLength(2);
  });
});

it('a process outlives a promise that nothing waits for, and ends on an exception outside of any handler', () => {
  const program = (fault: string) => `
    import { pino } from 'pino';
    import { Registry } from 'prom-client';
    import { watchFaults } from ${JSON.stringify(import.meta.resolve('./guarded.ts'))};
    watchFaults(new Registry(), pino());
    setTimeout(() => console.log('outlived'), 50);
    ${fault}
  `;
  const run = (fault: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', program(fault)], { cwd: import.meta.dirname });
  const rejected = run('void Promise.reject(new Error("nothing waits"));');
  expect(rejected.stdout.toString()).toContain('outlived');
  expect(rejected.stdout.toString()).toContain('nothing waits');
  const thrown = run('setTimeout(() => { throw new Error("fatal"); });');
  expect(thrown.stdout.toString()).not.toContain('outlived');
  expect(thrown.status).not.toBe(0);
});
