// Our gateway over HTTP subgraphs, set up as `sextant gateway` sets it up.
import { startGateway } from '#gateway/gateway.ts';
import { asInProduction } from './policies.ts';

const [file = '', auth = '', bare] = process.argv.slice(2);
const askAuth = (request: Request): Promise<Response> => {
  const { pathname, search } = new URL(request.url);
  return fetch(new URL(pathname + search, auth), request);
};
const gateway = await startGateway({
  ...(await asInProduction(askAuth, bare === 'bare')),
  supergraph: { file },
});
process.send?.({ url: `${gateway.url}/graphql` });
process.on('disconnect', () => process.exit(0));
