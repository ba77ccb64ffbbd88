import DataLoader from 'dataloader';
import type { RequestContext } from '#platform/host/definition.ts';
import { requireScope } from '#platform/identity/identity.ts';
import type { Collection } from './collections.ts';
import type { ObjectNode } from './objects.ts';
import type { VectorParts } from './parts.ts';

export interface Loaders {
  readonly collections: DataLoader<string, Collection | null>;
  readonly vectors: DataLoader<ObjectNode, Float32Array | null>;
}
/** Creates the loaders of one operation. */
export function createLoaders({ collections, objects }: VectorParts, { identity }: RequestContext): Loaders {
  return {
    collections: new DataLoader(async (ids) => {
      const rows = await collections.byIds(requireScope(identity, 'vector:read').userId, ids);
      return ids.map((id) => rows.get(id) ?? null);
    }),
    vectors: new DataLoader(
      async (nodes) => {
        const found = new Map<string, Map<string, Float32Array | null>>();
        for (const [id, group] of Map.groupBy(nodes, (node) => node.collection.id)) {
          found.set(
            id,
            await objects.vectors(
              group[0]!.collection,
              group.map((node) => node.id),
            ),
          );
        }
        return nodes.map((node) => found.get(node.collection.id)?.get(node.id) ?? null);
      },
      { cache: false },
    ),
  };
}
