// The subgraph chat behind Apollo Server, as its documentation sets a subgraph up.
process.env.NODE_ENV = 'production';

import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema, type GraphQLResolverMap } from '@apollo/subgraph';
import { parse } from 'graphql';
import { resolversOf, SCHEMAS } from './graph.ts';

const sdl = SCHEMAS['chat']!;
const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolversOf(sdl) as GraphQLResolverMap }]);
const { url } = await startStandaloneServer(new ApolloServer({ schema }), { listen: { port: 0, host: '127.0.0.1' } });
process.send?.({ url });
process.on('disconnect', () => process.exit(0));
