// The subgraph chat behind our subgraph server, which verifies who asks.
import { Registry } from 'prom-client';
import { serveSubgraph } from '#platform/host/server.ts';
import { createAssertions } from '#platform/identity/assertions.ts';
import { hostSubgraph } from './hosted.ts';
import { benchSecrets } from './issuer.ts';

const server = await serveSubgraph(await hostSubgraph('chat'), {
  config: { HOST: '127.0.0.1', SHUTDOWN_TIMEOUT_MS: 100 },
  port: 0,
  metrics: new Registry(),
  assertions: createAssertions(benchSecrets()),
});
process.send?.({ url: server.url });
process.on('disconnect', () => process.exit(0));
