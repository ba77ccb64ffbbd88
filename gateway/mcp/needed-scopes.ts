import { APP_SCOPES } from '#platform/identity/app-access.ts';
import type { Identity, Scope } from '#platform/identity/identity.ts';
import { type DoorOperation, rootNode } from '../doors/operations.ts';
import type { Served } from '../policy/pipeline.ts';
import type { GraphVersion } from '../supergraph/graph.ts';
import { GRAPH } from './graph.ts';
import type { Tool } from './tool.ts';

const TYPES = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;

/** The operations that a request other than a call of a tool begins with, by its method and what it names. */
const OF_PROMPTS: Readonly<Record<string, readonly DoorOperation[]>> = {
  answer_from_knowledge: [GRAPH.McpKnowledge],
  summarise_conversation: [GRAPH.McpExport],
};

/**
 * Returns the scopes that an app lacks for what it asks: it shall hear of them before anything is done, so that it can
 * ask the person for more.
 *
 * @param asked the message, as it came.
 */
export function lackedScopes(
  asked: unknown,
  identity: Identity,
  tools: readonly Tool[],
  version: GraphVersion<Served>,
): string[] {
  const { method, params = {} } = (asked ?? {}) as { method?: unknown; params?: Record<string, unknown> };
  const has = identity.kind === 'user' ? identity.scopes : [];
  const name = params !== null && typeof params === 'object' ? (params['name'] ?? params['uri']) : undefined;
  if (typeof name !== 'string') return [];
  const lacked = new Set<string>();
  if (method === 'tools/call') {
    const tool = tools.find((one) => one.name === name);
    if (tool?.scope !== undefined && !has.includes(tool.scope)) lacked.add(tool.scope);
    for (const operation of tool?.operations ?? []) addLacked(operation, has, version, lacked);
  } else if (method === 'prompts/get') {
    for (const operation of OF_PROMPTS[name] ?? []) addLacked(operation, has, version, lacked);
  } else if (method === 'resources/read') {
    if (name.startsWith('sextant://conversations/')) addLacked(GRAPH.McpExport, has, version, lacked);
    if (name.startsWith('sextant://documents/')) addLacked(GRAPH.McpDocument, has, version, lacked);
  }
  // What no app may have, it need not ask for: its call is answered with the refusal.
  return [...lacked].every((scope) => APP_SCOPES.includes(scope as Scope)) ? [...lacked] : [];
}

/** Adds what is missing of the first set of scopes with which the operation's field may be asked for. */
function addLacked(
  { operation }: DoorOperation,
  has: readonly string[],
  { policies }: GraphVersion<Served>,
  lacked: Set<string>,
): void {
  const demanded = policies.directives.field(TYPES[operation.operation], rootNode(operation).name.value)?.access
    ?.scopes;
  for (const sets of demanded ?? []) {
    if (sets.some((set) => set.every((scope) => has.includes(scope)))) continue;
    for (const scope of sets[0] ?? []) if (!has.includes(scope)) lacked.add(scope);
  }
}
