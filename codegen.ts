// Types from the contracts: operations between subgraphs, those of the example client, of the client package and of the
// console. `npm run codegen` composes the supergraph first and then runs this.
import { existsSync, globSync } from 'node:fs';
import type { CodegenConfig } from '@graphql-codegen/cli';

/** Over the wire: JSON has no dates and no exact decimals. */
const scalars = {
  DateTime: 'string',
  Decimal: 'string',
  UUID: 'string',
  URL: 'string',
  JSON: 'unknown',
  JSONObject: 'Record<string, unknown>',
};

/**
 * `subgraphs/<name>/peers/<peer>.graphql`: operations that one subgraph sends to another, typed against that one's
 * schema.
 */
const peerOperations: CodegenConfig['generates'] = Object.fromEntries(
  globSync('subgraphs/*/peers/*.graphql').map((file) => {
    const peer = file.split('/').at(-1)!.replace('.graphql', '');
    return [
      file.replace('.graphql', '.types.ts'),
      {
        schema: `subgraphs/${peer}/schema.graphql`,
        documents: file,
        plugins: ['typescript-operations', 'typed-document-node'],
        config: { scalars, useTypeImports: true, enumsAsTypes: true, federation: true },
      },
    ];
  }),
);

/** The example frontend: typed operations against the client-facing schema. */
const client: CodegenConfig['generates'] = existsSync('tests/client/operations')
  ? {
      'tests/client/generated/': {
        schema: 'schema.graphql',
        documents: 'tests/client/operations/**/*.graphql',
        preset: 'client',
        config: { scalars, useTypeImports: true, enumsAsTypes: true, documentMode: 'documentNode' },
        presetConfig: { fragmentMasking: false },
      },
    }
  : {};

/** The operations of the client package: their texts, so that no reader of GraphQL travels to the browser. */
const clientPackage: CodegenConfig['generates'] = {
  'clients/typescript/src/generated/graphql.ts': {
    schema: 'schema.graphql',
    documents: 'clients/typescript/src/operations/*.graphql',
    plugins: ['typescript-operations', 'typed-document-node'],
    config: { scalars, useTypeImports: true, enumsAsTypes: true, documentMode: 'string', dedupeFragments: true },
  },
};

/** The console: each page has its operations beside it, so that a page loads its own alone. */
const consolePages: CodegenConfig['generates'] = Object.fromEntries(
  globSync('console/src/*/*.graphql').map((file) => [
    file.replace('.graphql', '.generated.ts'),
    {
      schema: 'schema.graphql',
      documents: file,
      plugins: ['typescript-operations', 'typed-document-node'],
      config: { scalars, useTypeImports: true, enumsAsTypes: true, dedupeFragments: true },
    },
  ]),
);

const config: CodegenConfig = {
  silent: true,
  generates: { ...peerOperations, ...client, ...clientPackage, ...consolePages },
  importExtension: '.ts',
};

export default config;
