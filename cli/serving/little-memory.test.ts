import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

const file = pathToFileURL(path.join(import.meta.dirname, 'little-memory.ts')).href;
const program = `import(${JSON.stringify(file)}).then(({ beginWithLittleMemory }) => {
  beginWithLittleMemory();
  console.log(process.pid, process.env.MALLOC_MMAP_THRESHOLD_ ?? '-', process.execArgv.includes('--optimize-for-size'));
})`;

/** What a process says of itself, once it has begun for good. */
const begun = (memoryMb: string): string[] =>
  execFileSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], MEMORY_MB: memoryMb, NODE_NO_WARNINGS: '1' },
  })
    .trim()
    .split(' ')
    .slice(1);

it.skipIf(process.platform !== 'linux')(
  'a process with little memory begins again with a small malloc and a small heap',
  () => {
    expect(begun('512')).toEqual(['32000', 'true']);
    expect(begun('1024')).toEqual(['-', 'false']);
  },
);
