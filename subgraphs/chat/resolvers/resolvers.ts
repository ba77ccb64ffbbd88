import type { ResolverMap } from '#platform/host/definition.ts';
import type { ResolverParts } from './context.ts';
import { filingResolvers } from './filing.ts';
import { mutationResolvers, queryResolvers, subscriptionResolvers } from './operations.ts';
import { sharingResolvers } from './sharing.ts';
import { toolServerResolvers } from './tool-servers.ts';
import { typeResolvers } from './types.ts';
import { verdictResolvers } from './verdicts.ts';
import { viewerResolvers } from './viewer.ts';

const PARTS = [
  typeResolvers,
  queryResolvers,
  mutationResolvers,
  subscriptionResolvers,
  verdictResolvers,
  viewerResolvers,
  filingResolvers,
  sharingResolvers,
  toolServerResolvers,
];

/** Creates the resolvers: GraphQL to domain. A type may have fields in several files. */
export function createResolvers(parts: ResolverParts): ResolverMap {
  const all: Record<string, object> = {};
  for (const create of PARTS) {
    for (const [type, fields] of Object.entries(create(parts))) all[type] = { ...all[type], ...fields };
  }
  return all as ResolverMap;
}
