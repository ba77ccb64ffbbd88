// Types from the contracts: resolvers of each subgraph, operations between subgraphs, and the example client's operations.
// `npm run codegen` composes the supergraph first and then runs this.
import { existsSync, globSync, readdirSync } from 'node:fs';
import type { CodegenConfig } from '@graphql-codegen/cli';

const scalars = {
  DateTime: { input: 'Date', output: 'Date | string' },
  Decimal: { input: 'string', output: 'string' },
  UUID: { input: 'string', output: 'string' },
  URL: { input: 'string', output: 'string' },
  JSON: { input: 'unknown', output: 'unknown' },
  JSONObject: { input: 'Record<string, unknown>', output: 'Record<string, unknown>' },
};
/** Over the wire a date is a string in both directions. */
const wireScalars = { ...scalars, DateTime: 'string' };

const subgraphs = readdirSync('subgraphs').filter((name) => existsSync(`subgraphs/${name}/schema.graphql`));

/** `subgraphs/<name>/schema.types.ts`: what resolvers take and give. */
const resolverTypes: CodegenConfig['generates'] = Object.fromEntries(
  subgraphs.map((name) => [
    `subgraphs/${name}/schema.types.ts`,
    {
      schema: `subgraphs/${name}/schema.graphql`,
      plugins: ['typescript', 'typescript-resolvers'],
      config: {
        federation: true,
        scalars,
        useTypeImports: true,
        enumsAsTypes: true,
        inputMaybeValue: 'T | null | undefined',
        defaultScalarType: 'unknown',
        // Resolvers give domain objects and let field resolvers do the rest.
        defaultMapper: 'any',
        contextType: '#platform/subgraph/definition.ts#RequestContext',
      },
    },
  ]),
);

/** `subgraphs/<name>/peers/<peer>.graphql`: operations that one subgraph sends to another, typed against that one's schema. */
const peerOperations: CodegenConfig['generates'] = Object.fromEntries(
  globSync('subgraphs/*/peers/*.graphql').map((file) => {
    const peer = file.split('/').at(-1)!.replace('.graphql', '');
    return [
      file.replace('.graphql', '.types.ts'),
      {
        schema: `subgraphs/${peer}/schema.graphql`,
        documents: file,
        plugins: ['typescript-operations', 'typed-document-node'],
        config: { scalars: wireScalars, useTypeImports: true, enumsAsTypes: true, federation: true },
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
        config: { scalars: wireScalars, useTypeImports: true, enumsAsTypes: true, documentMode: 'documentNode' },
        presetConfig: { fragmentMasking: false },
      },
    }
  : {};

const config: CodegenConfig = {
  silent: true,
  generates: { ...resolverTypes, ...peerOperations, ...client },
  config: { importExtension: '.ts' },
};

export default config;
