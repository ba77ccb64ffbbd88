import { readFileSync } from 'node:fs';
import path from 'node:path';
import { OWNERS } from '#platform/contracts/owners.ts';

/** Tables that several owners have, each in its own schema. The code of the platform reads all of them alike. */
const COPIED = ['OutboxEvent', 'InboxEvent', 'Job'];

/** Returns the models of prisma/<owner>/schema.prisma that differ from the copy of another owner. */
export function differingModels(root: string): string[] {
  return COPIED.flatMap((model) => {
    const copies = OWNERS.flatMap((owner) => {
      const text = readFileSync(path.join(root, 'prisma', owner, 'schema.prisma'), 'utf8');
      const copy = new RegExp(`^model ${model} \\{.*?^\\}`, 'ms').exec(text)?.[0];
      return copy === undefined ? [] : [{ owner, copy }];
    });
    return copies
      .filter(({ copy }) => copy !== copies[0]!.copy)
      .map(({ owner }) => `prisma/${owner}: ${model} differs from that of prisma/${copies[0]!.owner}`);
  });
}
