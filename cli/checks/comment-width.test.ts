import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { wideComments } from './comment-width.ts';

it('names comments of more than 120 columns, and neither code nor a long address', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'sextant-width-'));
  try {
    const words = 'word '.repeat(25).trim();
    const lines = [
      `// ${words}`,
      ` * ${words}`,
      `const text = '${words}';`,
      `// https://${'x'.repeat(130)}`,
      '// short',
    ];
    await writeFile(path.join(root, 'a.ts'), lines.join('\n'));
    expect(wideComments(root, ['a.ts'])).toEqual([
      'a.ts:1 has 127 columns; at most 120 are kept',
      'a.ts:2 has 127 columns; at most 120 are kept',
    ]);
  } finally {
    await rm(root, { recursive: true });
  }
});

it('names all lines of a subgraph’s schema that are too long', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'sextant-width-'));
  try {
    await mkdir(path.join(root, 'subgraphs', 'chat'), { recursive: true });
    await writeFile(path.join(root, 'subgraphs/chat/schema.graphql'), `"${'word '.repeat(25)}"\ntype Query { a: Int }`);
    expect(wideComments(root, ['subgraphs/chat/schema.graphql'])).toEqual([
      'subgraphs/chat/schema.graphql:1 has 127 columns; at most 120 are kept',
    ]);
  } finally {
    await rm(root, { recursive: true });
  }
});
