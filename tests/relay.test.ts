import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = path.join(import.meta.dirname, '..');
/** Its package has the programs of all systems, 118 MB: it is installed where this is to be tried, by `.ci/run` too. */
const compiler = process.env['RELAY_COMPILER'];
const skipped = compiler
  ? ''
  : ' (skipped: RELAY_COMPILER is not set; npm install --prefix /tmp/relay relay-compiler@21.0.1, and give node_modules/relay-compiler/cli.js)';

const ROOM = `import { graphql } from 'react-relay';

export const conversation = graphql\`
  fragment room_conversation on Conversation
  @refetchable(queryName: "roomPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }) {
    title
    messages(last: $count, before: $cursor) @connection(key: "room_messages") {
      totalCount
      edges {
        node {
          text
          previousSiblingId
          nextSiblingId
          author {
            displayName
          }
        }
      }
    }
  }
\`;

export const query = graphql\`
  query roomQuery($id: ID!) {
    node(id: $id) {
      ...room_conversation @alias(as: "conversation")
    }
  }
\`;

export const list = graphql\`
  fragment room_list on Query
  @refetchable(queryName: "roomListQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }) {
    conversations(first: $count, after: $cursor) @connection(key: "room_conversations") {
      edges {
        node {
          id
          ...room_conversation
        }
      }
    }
  }
\`;

export const removal = graphql\`
  mutation roomDeleteMutation($input: DeleteConversationInput!, $connections: [ID!]!) {
    deleteConversation(input: $input) {
      deletedId @deleteEdge(connections: $connections)
    }
  }
\`;

export const stream = graphql\`
  subscription roomSubscription($id: ID!, $after: Int!) {
    messageStream(id: $id, after: $after) {
      __typename
      ... on ReplyText {
        id
        text
        firstSeq
      }
    }
  }
\`;
`;

describe.skipIf(!compiler)(`Relay${skipped}`, () => {
  it('compiles pages of messages that are read again by node, and the queries fit the graph', async () => {
    await using folder = await mkdtempDisposable(path.join(tmpdir(), 'sextant-relay-'));
    const source = path.join(folder.path, 'src');
    const generated = path.join(source, '__generated__');
    await mkdir(generated, { recursive: true });
    await cp(path.join(root, 'schema.graphql'), path.join(folder.path, 'schema.graphql'));
    await writeFile(path.join(source, 'room.ts'), ROOM);
    const config = { src: './src', schema: './schema.graphql', language: 'typescript', artifactDirectory: generated };
    await writeFile(path.join(folder.path, 'relay.config.json'), JSON.stringify(config));
    await run(process.execPath, [path.resolve(compiler!), './relay.config.json'], { cwd: folder.path });
    const made = await readdir(generated);
    expect(made).toContain('roomPageQuery.graphql.ts');
    const schema = buildSchema(await readFile(path.join(root, 'schema.graphql'), 'utf8'));
    const texts = await Promise.all(made.map((file) => readFile(path.join(generated, file), 'utf8')));
    const queries = texts.flatMap((text) => /^ {4}"text": (".*")/m.exec(text)?.[1] ?? []).map((one) => JSON.parse(one));
    expect(queries).toHaveLength(5);
    for (const query of queries) expect(validate(schema, parse(query))).toEqual([]);
    expect(queries.find((query) => query.startsWith('query roomPageQuery'))).toContain('node(id: $id)');
  });
});
