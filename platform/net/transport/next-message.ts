import { frameJson } from './json-frame.ts';

let lastMessage: { prefix: string; json: string | Uint8Array; bytes: Buffer } | undefined;

/**
 * Writes a `next` message in the fixed order that `readNext` looks for. An event for many subscribers is encoded once
 * for all who gave their operation the same id.
 */
export function nextMessage(prefix: string, json: string | Uint8Array): Buffer {
  if (lastMessage?.json === json && lastMessage.prefix === prefix) return lastMessage.bytes;
  const bytes = frameJson(prefix, json, '}');
  lastMessage = { prefix, json, bytes };
  return bytes;
}

// Ids of the upstream socket are numbers. That nothing follows the payload is the writer's word: pass on what trusted
// subgraphs write, and parse the others.
const NEXT = /^\{"id":"(\d{1,15})","type":"next","payload":(?=\{)/;
const MAX_HEAD = 7 + 15 + 26 + 1;
const CLOSING_BRACE = 125;

/**
 * Finds the payload of a `next` message without parsing it, when it is written the way that this module (and
 * graphql-ws) writes it. Undefined for every other message: parse it.
 */
export function readNext(message: Buffer): { readonly id: string; readonly payload: Buffer } | undefined {
  const head = NEXT.exec(message.toString('latin1', 0, MAX_HEAD));
  if (!head || message[message.length - 1] !== CLOSING_BRACE) return undefined;
  return { id: head[1]!, payload: message.subarray(head[0].length, -1) };
}
