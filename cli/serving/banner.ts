import type { Config } from '#platform/base/config/config.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import { createEmbedders } from '#retrieval/embeddings/registry.ts';
import { languageName } from '#retrieval/vectors/foreign-language.ts';
import { firstRunLink } from './console.ts';

interface BannerOptions {
  readonly config: Config;
  /** Where the gateway listens. */
  readonly url: string;
  /** The one-time link of the first administrator; null when there is one. */
  readonly adminLink: string | null;
  /** The subgraph that knows the language models. */
  readonly models: SubgraphTransport | undefined;
}

/** Prints what a first start shows: one block with everything that is needed next. */
export async function printBanner({ config, url, adminLink, models }: BannerOptions): Promise<void> {
  const localUrl = url.replace('127.0.0.1', 'localhost');
  const rows: [string, string][] = [
    ...(config.CONSOLE ? ([['Console', `${localUrl}/`]] as [string, string][]) : []),
    ['GraphQL', `${localUrl}/graphql`],
    ['Subscriptions', `${localUrl.replace(/^http/, 'ws')}/graphql  (graphql-ws; SSE and multipart on the URL above)`],
    ...(config.production
      ? []
      : ([
          ['Explorer', `${localUrl}/explorer`],
          ['Schema', `${localUrl}/schema.graphql`],
        ] as [string, string][])),
    ['Health', `${localUrl}/health`],
    ['Data', config.DATABASE_URL === undefined ? config.dataDir : 'Postgres'],
    ['Models', await modelLine(models)],
    ['Search', searchLine(config)],
  ];
  if (adminLink) {
    const link = config.CONSOLE ? firstRunLink(adminLink, config.publicUrl) : adminLink;
    rows.push(['First admin', `${link}  (works once)`]);
  }
  const lines = rows.map(([name, value]) => `  ${name.padEnd(14)}${value}`);
  process.stdout.write(`
  Sextant is ready.

${lines.join('\n')}

  Try it: sign up, then sign in for an access token.

  ${curl(localUrl, 'register', 'message')} && \\
  ${curl(localUrl, 'login', 'user{id displayName} tokens{accessToken}')}

`);
}

/** One mutation with an example account; pasting it twice does no harm. */
const curl = (url: string, mutation: 'register' | 'login', selection: string): string => {
  const input = '{email:"ada@example.org",password:"a star above the horizon"}';
  const body = JSON.stringify({ query: `mutation{${mutation}(input:${input}){${selection}}}` });
  return `curl -s ${url}/graphql -H 'content-type: application/json' -d '${body}'`;
};

/** Long enough for a provider that must be asked which models it has. */
const MODELS_MS = 5_000;

async function modelLine(models: SubgraphTransport | undefined): Promise<string> {
  const none = 'none: replies quote memory and knowledge; `npm run sextant doctor` says how to add one';
  const unknown = 'not known yet; `npm run sextant doctor` asks again';
  if (models === undefined) return none;
  try {
    const { result } = await models.execute({
      query: '{ models { id } }',
      identity: { kind: 'service', service: 'sextant' },
      requestId: 'banner',
      signal: AbortSignal.timeout(MODELS_MS),
    });
    const known = (result.data as { models?: { id: string }[] | null } | null)?.models;
    if (!known) return unknown;
    const ids = known.map(({ id }) => id);
    if (ids.length === 0) return none;
    return `${ids.slice(0, MODELS_SHOWN).join(', ')}${ids.length > MODELS_SHOWN ? `, and ${ids.length - MODELS_SHOWN} more` : ''}`;
  } catch {
    return unknown;
  }
}

const MODELS_SHOWN = 4;

/** Says by which model texts are compared, and in which languages. */
function searchLine(config: Config): string {
  const { id, languages } = createEmbedders(config)
    .models()
    .find(({ isDefault }) => isDefault)!;
  return languages === undefined
    ? id
    : `${id}, for ${languages.map(languageName).join(', ')}; other languages by words alone (EMBEDDINGS_LOCAL; \`npm run sextant doctor\` says more)`;
}
