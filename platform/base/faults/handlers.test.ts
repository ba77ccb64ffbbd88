import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const HOUSES = ['platform', 'retrieval', 'gateway', 'llm', 'subgraphs'];
const NO_SOURCE = /(\.test|\.contract)\.ts$|\/(testing|generated)\//;
const HANDLER = /(?:setInterval\(|\.on\(\s*'(?:message|data|upgrade|request)',)\s*(?<handler>.{0,20})/gs;

/** What is not guarded, and why it need not be. */
const EXEMPT: Readonly<Record<string, string>> = {
  'platform/net/http/web.ts': 'collects chunks, once for each request',
  'platform/net/transport/http-connection.ts': 'opens its socket with a reader that is guarded',
  'platform/data/database/embedded-thread.ts': 'ends its thread, which the next connection starts again',
  'platform/base/thread/thread-rpc.ts': 'the side of the thread, which answers what it throws',
  'subgraphs/memory/reader/reader-thread.ts': 'a thread that is replaced when it ends',
  'subgraphs/memory/reader/document-reader.ts': 'settles a promise',
  'subgraphs/memory/reader/docx.ts': 'runs in the thread of the document reader',
  'subgraphs/memory/reader/archive.ts': 'runs in the thread of the document reader',
};

it('guards each handler of a socket, stream, worker or timer, because what it throws would end the process', () => {
  const bare: string[] = [];
  for (const house of HOUSES) {
    for (const entry of readdirSync(path.join(ROOT, house), { recursive: true, encoding: 'utf8' })) {
      const file = path.join(house, entry);
      if (!file.endsWith('.ts') || NO_SOURCE.test(file) || EXEMPT[file] !== undefined) continue;
      const text = readFileSync(path.join(ROOT, file), 'utf8');
      for (const { index, groups } of text.matchAll(HANDLER)) {
        // A handler that is taken off again has a name, which says that it is guarded.
        if (/^guarded[(A-Z]/.test(groups!['handler']!)) continue;
        bare.push(`${file}:${text.slice(0, index).split('\n').length}`);
      }
    }
  }
  expect(bare).toEqual([]);
});
