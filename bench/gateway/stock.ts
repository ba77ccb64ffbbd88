// Apollo Server with Apollo Gateway, as their documentation sets them up; telemetry off.
process.env.APOLLO_TELEMETRY_DISABLED = '1';
process.env.NODE_ENV = 'production';

import { readFileSync } from 'node:fs';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

const { ApolloGateway } = await import('@apollo/gateway');
const gateway = new ApolloGateway({ supergraphSdl: readFileSync(process.argv[2]!, 'utf8') });
const { url } = await startStandaloneServer(new ApolloServer({ gateway }), { listen: { port: 0, host: '127.0.0.1' } });
process.send?.({ url });
process.on('disconnect', () => process.exit(0));
