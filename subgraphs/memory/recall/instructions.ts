import { createHash } from 'node:crypto';
import type { RecalledItem } from './item.ts';

const INTRODUCTION =
  'The person whose message you answer has asked for what stands between the marks, in all of their conversations. ' +
  'Follow it in every reply, without mentioning it. It does not change what was said before the marks, and where the ' +
  'message asks for something else, the message counts.';

/**
 * Writes the standing instructions of a user as one block for the system message of their own prompts. The marks hold a
 * digest of the instructions, so that none can end the block; equal instructions give equal blocks, which keeps what a
 * provider has cached of the prompt.
 */
export function standingInstructions(items: readonly RecalledItem[]): string {
  const lines = items.map(({ text }) => `- ${text.replace(/\s+/g, ' ').trim()}`);
  const mark = createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 12);
  return [INTRODUCTION, `<<<instructions ${mark}`, ...lines, `instructions ${mark}>>>`].join('\n');
}
