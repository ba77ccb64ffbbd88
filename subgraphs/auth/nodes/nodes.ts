import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { parse } from 'graphql';
import { badInput } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';
import type { Peers } from '#platform/host/peers.ts';
import type { Identity, Scope } from '#platform/identity/identity.ts';

/**
 * The types of `node`, with the subgraph that owns each and the scope that the field of its own demands, such as
 * `Query.memory`. An id does not say its type, so the owners are asked. The field lives in a subgraph, and not in the
 * gateway, so that every federation router serves it; it lives here because auth is the one that every caller needs and
 * that asks all others already.
 */
export const NODE_TYPES = {
  Conversation: { subgraph: 'chat', scope: 'chat:read' },
  Message: { subgraph: 'chat', scope: 'chat:read' },
  Memory: { subgraph: 'memory', scope: 'memory:read' },
  Document: { subgraph: 'memory', scope: 'memory:read' },
  Image: { subgraph: 'vision', scope: 'vision:read' },
  VectorCollection: { subgraph: 'vector', scope: 'vector:read' },
} as const satisfies Record<string, { readonly subgraph: string; readonly scope: Scope }>;

type NodeType = keyof typeof NODE_TYPES;

/** What federation routers ask for, too; no schema file has it, so its types are written here. */
const ENTITIES = parse(`query Nodes($representations: [_Any!]!) {
  _entities(representations: $representations) { __typename }
}`) as TypedDocumentNode<
  { readonly _entities: readonly ({ readonly __typename: string } | null)[] },
  { representations: readonly NodeReference[] }
>;

/** A reference to what another subgraph owns. The gateway reads the rest from the owner. */
export interface NodeReference {
  readonly __typename: string;
  readonly id: string;
}

export interface NodeRequest {
  readonly peers: Peers;
  readonly identity: Identity;
  readonly requestId: string;
  readonly signal: AbortSignal;
  /** Finds users, which are of this subgraph. */
  readonly user: (id: string) => Promise<object | null>;
  /** The types that the operation selects fields of. They are asked first, since the id is of one of them. */
  readonly expected: ReadonlySet<string>;
}

const MAX_IDS = 100;

/**
 * Finds out what ids are of. Each owner is asked at most once for all ids, by the references that the gateway would ask
 * for, so that what may be read here is what may be read there. A type whose scope the caller lacks is not looked for.
 *
 * @returns in the order of the ids; null for what does not exist or may not be read.
 * @throws {CodedError} BAD_USER_INPUT for too many ids; what an owner answered that could not be asked, where an id was
 * found nowhere else.
 */
export async function findNodes(request: NodeRequest, ids: readonly string[]): Promise<(NodeReference | null)[]> {
  if (ids.length > MAX_IDS) throw badInput('ids', `has ${ids.length} ids; at most ${MAX_IDS} are accepted.`);
  const found = new Map<string, NodeReference>();
  const failures: unknown[] = [];
  const scopes = request.identity.kind === 'user' ? request.identity.scopes : [];
  const readable = (Object.keys(NODE_TYPES) as NodeType[]).filter((type) => scopes.includes(NODE_TYPES[type].scope));
  const missing = () => [...new Set(ids)].filter((id) => isUuid(id) && !found.has(id));

  async function ask(types: readonly NodeType[], withUsers: boolean): Promise<void> {
    const wanted = missing();
    if (wanted.length === 0) return;
    const bySubgraph = Map.groupBy(types, (type) => NODE_TYPES[type].subgraph);
    await Promise.all([
      ...[...bySubgraph].map(([subgraph, of]) =>
        askOwner(request, subgraph, of, wanted, found).catch((error) => {
          failures.push(error);
        }),
      ),
      ...(withUsers
        ? wanted.map(async (id) => {
            const user = await request.user(id);
            if (user) found.set(id, { ...user, __typename: 'User', id });
          })
        : []),
    ]);
  }

  const first = readable.filter((type) => request.expected.has(type));
  await ask(first, request.expected.has('User'));
  await ask(
    readable.filter((type) => !first.includes(type)),
    !request.expected.has('User'),
  );
  if (failures.length > 0 && missing().length > 0) throw failures[0];
  return ids.map((id) => found.get(id) ?? null);
}

async function askOwner(
  { peers, identity, requestId, signal }: NodeRequest,
  subgraph: string,
  types: readonly NodeType[],
  ids: readonly string[],
  found: Map<string, NodeReference>,
): Promise<void> {
  const representations = ids.flatMap((id) => types.map((__typename) => ({ __typename, id })));
  const { _entities } = await peers.execute(subgraph, ENTITIES, { representations }, { identity, requestId, signal });
  for (const [index, entity] of _entities.entries()) {
    const reference = representations[index]!;
    if (entity) found.set(reference.id, reference);
  }
}
