import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INSIDE, wrongArrows } from './arrows.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'sextant-arrows-'));
});
afterEach(() => rm(root, { recursive: true }));

/** Writes files that import one another, with type imports too. */
async function house(files: Readonly<Record<string, readonly string[]>>): Promise<string[]> {
  for (const [file, imports] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    const text = imports.map((specifier) => `import type { X } from '${specifier}';\n`).join('');
    await writeFile(path.join(root, file), `${text}export type X = 1;\n`);
  }
  return wrongArrows(root);
}

describe('arrows point down', () => {
  it('lets a layer use those below, its own folder, and files that are not there', async () => {
    expect(
      await house({
        'cli/up.ts': ['#gateway/gateway.ts', '#platform/base/log.ts', './absent.ts'],
        'gateway/gateway.ts': ['./policy/rate.ts', '#platform/base/log.ts'],
        'gateway/policy/rate.ts': ['#platform/base/log.ts'],
        'platform/base/log.ts': [],
      }),
    ).toEqual([]);
  });

  it.each([
    ['platform/base/log.ts', '#llm/models.ts', 'llm/models.ts', 'llm stands above platform'],
    ['gateway/gateway.ts', '#subgraphs/chat/send.ts', 'subgraphs/chat/send.ts', 'subgraphs stands beside gateway'],
    ['platform/base/log.ts', '../data/jobs.ts', 'platform/data/jobs.ts', 'platform/data stands above base'],
    ['clients/typescript/src/a.ts', '#platform/base/log.ts', 'platform/base/log.ts', 'platform stands above clients'],
    [
      'gateway/gateway.ts',
      '../clients/typescript/src/a.ts',
      'clients/typescript/src/a.ts',
      'the server knows no client',
    ],
    [
      'subgraphs/auth/login.ts',
      '../chat/send.ts',
      'subgraphs/chat/send.ts',
      'a subgraph uses others through the graph',
    ],
  ])('refuses %s -> %s', async (from, specifier, to, reason) => {
    const wrong = await house({ [from]: [specifier], [to]: [] });
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toContain(`${from} imports ${to}: ${reason}`);
  });

  it('refuses circles of files and of folders', async () => {
    expect(
      await house({
        'llm/chat/a.ts': ['./b.ts', '../cache/c.ts'],
        'llm/chat/b.ts': ['./a.ts'],
        'llm/cache/c.ts': ['../chat/d.ts'],
        'llm/chat/d.ts': [],
      }),
    ).toEqual(['a circle in llm/chat: a.ts -> b.ts -> a.ts', 'a circle in llm: cache -> chat -> cache']);
  });

  it('lets tests reach above what they test', async () => {
    expect(await house({ 'platform/base/log.test.ts': ['#llm/models.ts'], 'llm/models.ts': [] })).toEqual([]);
  });
});

it('are those that ARCHITECTURE.md shows', () => {
  const page = readFileSync(path.resolve(import.meta.dirname, '../../ARCHITECTURE.md'), 'utf8');
  for (const layers of Object.values(INSIDE)) expect(page).toContain(layers.map((one) => one.join(', ')).join(' > '));
});
