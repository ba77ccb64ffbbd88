import type { JsonObject } from '#platform/base/json/json.ts';
import {
  type AssistantMessage,
  type ChatMessage,
  type ContentPart,
  isSpoken,
  type Spoken,
  textOf,
} from '../../messages.ts';
import { wholeCall } from '../chat/wire-messages.ts';
import type { Quirks } from '../quirks.ts';

interface Content {
  readonly role: 'user' | 'model';
  readonly parts: JsonObject[];
}

/** Google's word for calls of which no signature is known, as of another model's. */
const NO_SIGNATURE = 'skip_thought_signature_validator';

/** Returns what the system says. */
export const systemOf = (messages: readonly ChatMessage[]): string =>
  messages
    .filter((message) => !isSpoken(message))
    .map(textOf)
    .join('\n\n');

/** Returns the messages as turns of parts. Calls go back with the signatures of the thoughts that they came of. */
export function contents(messages: readonly ChatMessage[], deployment: string, quirks: Quirks): Content[] {
  const turns: Content[] = [];
  /** Names of calls by their ids: results are told apart by name. */
  const names = new Map<string, string>();
  for (const message of messages) {
    if (!isSpoken(message)) continue;
    const role = message.role === 'assistant' ? 'model' : 'user';
    for (const { id, function: called } of (message.role === 'assistant' && message.tool_calls) || [])
      names.set(id, called.name);
    const parts = partsOf(message, deployment, quirks, names);
    const last = turns.at(-1);
    if (parts.length === 0) continue;
    if (last?.role === role) last.parts.push(...parts);
    else turns.push({ role, parts });
  }
  return turns;
}

function partsOf(
  message: Spoken,
  deployment: string,
  quirks: Quirks,
  names: ReadonlyMap<string, string>,
): JsonObject[] {
  if (message.role === 'assistant') return replyOf(message, deployment, quirks);
  if (message.role === 'tool') {
    const name = names.get(message.tool_call_id) ?? message.tool_call_id;
    return [{ functionResponse: { name, response: { result: message.content } } }];
  }
  return typeof message.content === 'string' ? [{ text: message.content }] : message.content.map(partOf);
}

function replyOf({ content, tool_calls: calls, echo: known }: AssistantMessage, deployment: string, quirks: Quirks) {
  const echo = known?.deployment === deployment ? known : undefined;
  return [
    ...(content ? [{ text: content }] : []),
    ...(calls ?? []).map((call, index): JsonObject => {
      const { name, arguments: args } = wholeCall(call).function;
      const own = (echo?.extras?.[index]?.google as JsonObject | undefined)?.thought_signature;
      const signature = own ?? (quirks.needsSignature ? NO_SIGNATURE : undefined);
      return {
        functionCall: { name, args: JSON.parse(args) as JsonObject },
        ...(signature !== undefined && { thoughtSignature: signature }),
      };
    }),
  ];
}

/** An image by its address is fetched by Google; its type is told by its name, as far as it has one. */
function partOf(part: ContentPart): JsonObject {
  if (part.type === 'text') return { text: part.text };
  const { url } = part.image_url;
  const [, type, data] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? [];
  if (data !== undefined) return { inlineData: { mimeType: type!, data } };
  const ending = /\.(png|webp|gif|heic|heif)(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase() ?? 'jpeg';
  return { fileData: { fileUri: url, mimeType: `image/${ending}` } };
}
