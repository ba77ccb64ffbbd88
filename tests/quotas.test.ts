import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';

const LIMIT = 3;
const BYTES = 1_000;
const AT_ONCE = 8;

/** What adds one of each: the field that is asked with an input of its own. */
const ADD: Record<string, (index: number, vectors: string) => [mutation: string, input: object]> = {
  CONVERSATIONS: (index) => ['createConversation(input: $input) { conversation { id } }', { title: `c${index}` }],
  MEMORIES: (index) => ['remember(input: $input) { memories { id } }', { memories: [{ text: `fact ${index}` }] }],
  CONTEXTS: (index) => [
    'setContext(input: $input) { context { id } }',
    { scope: { scope: 'USER' }, key: `k${index}`, value: 1 },
  ],
  DOCUMENTS: (index) => [
    'createDocumentUpload(input: $input) { document { id } }',
    { fileName: `d${index}.txt`, contentType: 'text/plain', size: 10 },
  ],
  IMAGES: (index) => [
    'createImageUpload(input: $input) { image { id } }',
    { fileName: `i${index}.png`, contentType: 'image/png', size: 10 },
  ],
  COLLECTIONS: (index) => ['createVectorCollection(input: $input) { collection { id } }', { name: `v${index}` }],
  OBJECTS: (index, collectionId) => [
    'upsertVectors(input: $input) { storedCount }',
    { collectionId, objects: [{ id: `o${index}`, text: `text ${index}` }] },
  ],
};

describe.each(MODES)('quotas, %s', (_title, skipped, start) => {
  const lifecycle = new AsyncDisposableStack();
  let graph: RunningGraph;
  let user: TestUser;
  let vectors = '';
  beforeAll(async () => {
    if (skipped) return;
    const counts = Object.keys(ADD).map((name) => [`QUOTA_${name}`, String(LIMIT)]);
    const bytes = { QUOTA_DOCUMENT_BYTES: String(BYTES), QUOTA_IMAGE_BYTES: String(BYTES) };
    graph = await start({ ...Object.fromEntries(counts), ...bytes }, lifecycle);
    user = await TestUser.signUp(graph.url);
  }, 180_000);
  afterAll(() => lifecycle.disposeAsync());

  const mutate = async (mutation: string, input: object) => {
    const name = `${/^\w+/.exec(mutation)![0]}`;
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
    return user.send<Record<string, Record<string, { id: string }>>, object>(
      `mutation ($input: ${type}!) { ${mutation} }`,
      { input },
    );
  };
  const used = async (): Promise<Record<string, [number, number | null]>> => {
    const { data } = await user.send<
      { me: Record<string, { name: string; used: number; limit: number | null }[]> },
      object
    >(
      `{ me { conversationQuotas { ...Q } memoryQuotas { ...Q } imageQuotas { ...Q } vectorQuotas { ...Q } } }
       fragment Q on Quota { name used limit }`,
    );
    return Object.fromEntries(
      Object.values(data!.me)
        .flat()
        .map(({ name, used, limit }) => [name, [used, limit]]),
    );
  };

  it.skipIf(skipped).each(Object.keys(ADD))(
    'hold, of %s, also against what comes at the same time, and name the limit',
    async (name) => {
      if (name === 'OBJECTS') {
        const { data } = await user.send<{ vectorCollections: { nodes: { id: string }[] } }, object>(
          '{ vectorCollections(first: 1) { nodes { id } } }',
        );
        vectors = data!.vectorCollections.nodes[0]!.id;
      }
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, index) => mutate(...ADD[name]!(index, vectors))),
      );
      const refused = answers.filter(({ errors }) => errors);
      expect(refused).toHaveLength(AT_ONCE - LIMIT);
      for (const { errors } of refused)
        expect(errors).toMatchObject([
          { extensions: { code: 'QUOTA_EXCEEDED', quota: name, limit: LIMIT, used: LIMIT } },
        ]);
      expect((await used())[name]).toEqual([LIMIT, LIMIT]);
    },
  );

  it.skipIf(skipped)('count bytes from the begin of an upload on, and give back what is deleted', async () => {
    const { data } = await user.send<{ images: { nodes: { id: string }[] } }, object>(
      '{ images(first: 3) { nodes { id } } }',
    );
    for (const { id } of data!.images.nodes) await mutate('deleteImage(input: $input) { deletedId }', { id });
    expect((await used())['IMAGES']).toEqual([0, LIMIT]);
    const upload = (size: number) =>
      mutate(ADD['IMAGES']!(0, '')[0], { fileName: 'x.png', contentType: 'image/png', size });
    expect((await upload(BYTES + 1)).errors).toMatchObject([{ extensions: { quota: 'IMAGE_BYTES', limit: BYTES } }]);
    const both = await Promise.all([upload(600), upload(600)]);
    expect(both.filter(({ errors }) => errors)).toHaveLength(1);
    expect((await used())['IMAGE_BYTES']).toEqual([600, BYTES]);
  });

  it.skipIf(skipped)('are read by their user alone', async () => {
    const other = await TestUser.signUp(graph.url);
    const { data, errors } = await other.send<{ user: { imageQuotas: null } | null }, object>(
      'query ($id: ID!) { user(id: $id) { imageQuotas { used } } }',
      { id: user.id },
    );
    expect(data?.user?.imageQuotas ?? null).toBeNull();
    expect(errors?.length ?? 0).toBeGreaterThan(0);
  });
});
