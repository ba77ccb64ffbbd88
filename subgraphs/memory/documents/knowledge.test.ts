import { strToU8 } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOCX } from '../reader/file-kind.ts';
import { docx, pdf, png } from '../reader/testing/files.ts';
import { MemoryWorld, user } from '../testing/memory-world.ts';

let world: MemoryWorld;
beforeAll(async () => {
  world = await MemoryWorld.open({ DOCUMENT_MAX_BYTES: String(20 * 1024 ** 2) });
});
afterAll(() => world[Symbol.asyncDispose]());

type User = ReturnType<typeof user>;
const FIELDS = 'id title status access contentType size progress { done total } problem { code message } originalUrl';

const read = async (who: User, id: string) =>
  (await world.ask(who, `{ document(id: "${id}") { ${FIELDS} } }`)).data.document;
const add = async (who: User, title: string, text: string, more: object = {}) => {
  const answer = await world.ask(
    who,
    `mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { ${FIELDS} } } }`,
    { input: { title, text, ...more } },
  );
  return { ...answer, document: answer.data?.addDocument?.document };
};
const search = async (who: User, query: string, more: object = {}) =>
  (
    await world.ask(
      who,
      `query ($input: SearchKnowledgeInput!) { searchKnowledge(input: $input) { matches { score similarity keyword passage {
        text citation { documentId title section page start end document { title } } } } } }`,
      { input: { query, ...more } },
    )
  ).data.searchKnowledge.matches;

const GUIDE = `# Manual of the coffee machine

## Descaling

Run the descaling programme every three months with half a litre of citric acid solution.

## Grinder

The grinder has eleven settings. Setting four suits most espresso beans.
`;

describe('a document', () => {
  it('is uploaded by a signed link, read, cut, embedded, and found with its citation', async () => {
    const me = user();
    const bytes = strToU8(GUIDE);
    const { id, response } = await world.upload(me, { name: 'manual.md', type: 'text/markdown', bytes });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ documentId: id });
    await world.idle();
    const document = await read(me, id);
    expect(document).toMatchObject({
      status: 'READY',
      title: 'manual.md',
      contentType: 'text/markdown',
      size: bytes.length,
    });
    expect(document.progress.done).toBe(document.progress.total);
    const [best] = await search(me, 'How do I remove limescale?');
    const { citation, text } = best.passage;
    expect(citation).toMatchObject({
      documentId: id,
      title: 'manual.md',
      section: 'Manual of the coffee machine › Descaling',
    });
    expect(GUIDE.slice(citation.start, citation.end)).toBe(text);
    const [exact] = await search(me, 'grinder setting four', { mode: 'KEYWORD' });
    expect(exact.passage.citation.section).toContain('Grinder');
    const original = await world.fetch(document.originalUrl);
    expect(await original.text()).toBe(GUIDE);
    expect(original.headers.get('content-disposition')).toMatch(/^attachment/);
  });

  it.each([
    ['a PDF', pdf(['The lighthouse keeper counts seventeen gulls.']), 'application/pdf', { page: 1 }],
    ['a DOCX', docx(['# Log', 'The lighthouse keeper counts seventeen gulls.']), DOCX, { section: 'Log' }],
    [
      'HTML',
      strToU8('<h2>Log</h2><script>x()</script><p>The lighthouse keeper counts seventeen gulls.'),
      'text/html',
      { section: 'Log' },
    ],
  ])('as %s is found too', async (_, bytes, type, where) => {
    const me = user();
    await world.upload(me, { name: 'log', type, bytes });
    await world.idle();
    const [best] = await search(me, 'How many birds did the keeper see?');
    expect(best.passage.text).toContain('seventeen gulls');
    expect(best.passage.text).not.toMatch(/script|x\(\)/);
    expect(best.passage.citation).toMatchObject(where);
  });

  it('is followed by a subscription until it is ready', async () => {
    const me = user();
    const { document } = await add(
      me,
      'Long',
      Array.from({ length: 70 }, (_, i) => `Paragraph ${i} ${'about sheep '.repeat(30)}.`).join('\n\n'),
    );
    const query = 'subscription ($id: ID!) { documentProgress(id: $id) { status progress { done total } } }';
    const events = (await world.subscribe(me, query, { id: document.id })).map((event) => event.data.documentProgress);
    expect(events.at(-1)).toMatchObject({ status: 'READY' });
    expect(events.some((event) => event.progress.done > 0 && event.progress.done < event.progress.total)).toBe(true);
    const done = events.map((event) => event.progress.done);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    const stranger = await world.subscribe(user(), query, { id: document.id });
    expect(stranger[0]!.code).toBe('NOT_FOUND');
  }, 90_000);

  it('is deleted with its passages, its bytes and its place in the index', async () => {
    const me = user();
    const { document } = await add(me, 'Gone soon', 'The zeppelin lands at noon.');
    await world.idle();
    const before = (await world.indexed())['knowledge']!;
    const link = (await read(me, document.id)).originalUrl;
    const answer = await world.ask(me, `mutation { deleteDocument(input: { id: "${document.id}" }) { deletedId } }`);
    expect(answer.data.deleteDocument.deletedId).toBe(document.id);
    expect((await world.indexed())['knowledge']).toBe(before - 1);
    expect(await search(me, 'zeppelin')).toEqual([]);
    expect(await world.db.passage.count({ where: { documentId: document.id } })).toBe(0);
    expect((await world.fetch(link)).status).toBe(404);
  });

  it('can be renamed, and is found by its new title', async () => {
    const me = user();
    const { document } = await add(me, 'Untitled', 'Forty two degrees in the shade.');
    await world.idle();
    await world.ask(
      me,
      `mutation { updateDocument(input: { id: "${document.id}", title: "Weather in Seville" }) { document { id } } }`,
    );
    await world.idle();
    const [best] = await search(me, 'Seville', { mode: 'KEYWORD' });
    expect(best.passage.citation.title).toBe('Weather in Seville');
  });
});

describe('access', () => {
  it('a private document is its owner’s alone', async () => {
    const [me, other] = [user(), user(undefined, 'admin')];
    const { document } = await add(me, 'Diary', 'Today I met a badger.');
    await world.idle();
    expect(await read(other, document.id)).toBeNull();
    expect(await search(other, 'badger')).toEqual([]);
    expect(await search(other, 'badger', { documentIds: [document.id] })).toEqual([]);
    expect(await search(me, 'badger', { documentIds: ['abc'] })).toEqual([]);
    const change = await world.ask(other, `mutation { deleteDocument(input: { id: "${document.id}" }) { deletedId } }`);
    expect(change.code).toBe('NOT_FOUND');
    expect((await search(me, 'badger')).length).toBe(1);
  });

  it('administrators share documents with everybody, and take that back', async () => {
    const [admin, me] = [user(undefined, 'admin'), user()];
    expect((await add(me, 'Mine for all', 'x', { access: 'SHARED' })).code).toBe('FORBIDDEN');
    const { document } = await add(admin, 'House rules', 'Quiet hours begin at ten.', { access: 'SHARED' });
    await world.idle();
    expect((await search(me, 'When are the quiet hours?'))[0].passage.text).toContain('ten');
    expect(
      (await world.ask(me, `mutation { deleteDocument(input: { id: "${document.id}" }) { deletedId } }`)).code,
    ).toBe('FORBIDDEN');
    const update = 'mutation ($input: UpdateDocumentInput!) { updateDocument(input: $input) { document { access } } }';
    await world.ask(admin, update, { input: { id: document.id, access: 'PRIVATE' } });
    expect(await search(me, 'quiet hours')).toEqual([]);
    await world.idle();
    expect(await search(me, 'quiet hours')).toEqual([]);
    expect(await search(admin, 'quiet hours')).toHaveLength(1);
  });

  it('a search in both comes in one order', async () => {
    const [admin, me] = [user(undefined, 'admin'), user()];
    await add(admin, 'Shared', 'Penguins eat krill and fish.', { access: 'SHARED' });
    await add(me, 'Own', 'Penguins cannot fly.');
    await world.idle();
    const texts = (await search(me, 'What do penguins eat?')).map(
      (match: { passage: { text: string } }) => match.passage.text,
    );
    expect(texts.slice(0, 2)).toEqual(['Penguins eat krill and fish.', 'Penguins cannot fly.']);
  });
});

describe('a bad upload has a clear outcome:', () => {
  const create = (who: User, input: object) =>
    world.ask(
      who,
      'mutation ($input: CreateDocumentUploadInput!) { createDocumentUpload(input: $input) { document { id } upload { url headers { name value } } } }',
      { input: { fileName: 'f.txt', contentType: 'text/plain', size: 5, ...input } },
    );

  it('two hundred megabytes are refused before a byte is sent, and when more is sent than was declared', async () => {
    const me = user();
    const answer = await create(me, { size: 200 * 1024 ** 2 });
    expect(answer.extensions).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', limit: 20 * 1024 ** 2 });
    const { upload, document } = (await create(me, {})).data.createDocumentUpload;
    const headers = { 'content-type': 'text/plain' };
    const response = await world.fetch(upload.url, { method: 'PUT', headers, body: 'far more than five bytes' });
    expect(response.status).toBe(413);
    expect(await read(me, document.id)).toMatchObject({ status: 'AWAITING_UPLOAD' });
    expect((await world.fetch(upload.url, { method: 'PUT', headers, body: 'hello' })).status).toBe(200);
  });

  it('a type that cannot be read, a wrong header, a forged link, a second upload', async () => {
    const me = user();
    expect((await create(me, { contentType: 'image/png' })).code).toBe('BAD_USER_INPUT');
    const { upload } = (await create(me, {})).data.createDocumentUpload;
    const put = (url: string, type: string) =>
      world.fetch(url, { method: 'PUT', headers: { 'content-type': type }, body: 'hello' });
    expect((await put(upload.url, 'text/html')).status).toBe(400);
    expect((await put(upload.url.replace('max=5', 'max=500'), 'text/plain')).status).toBe(403);
    const both = await Promise.all([put(upload.url, 'text/plain'), put(upload.url, 'text/plain')]);
    expect(both.map((response) => response.status).sort()).toEqual([200, 409]);
    expect((await put(upload.url, 'text/plain')).status).toBe(409);
  });

  it.each([
    ['a file whose type lies', png, 'application/pdf', 'TYPE_MISMATCH'],
    ['a PDF with a password', pdf(['x'], { encrypted: true }), 'application/pdf', 'PASSWORD_PROTECTED'],
    ['a PDF of pictures', pdf(['']), 'application/pdf', 'NO_TEXT'],
    ['a damaged DOCX', docx(['x']).subarray(0, 900), DOCX, 'TYPE_MISMATCH|DAMAGED'],
  ])('%s', async (_, bytes, type, code) => {
    const me = user();
    const { id } = await world.upload(me, { name: 'bad', type, bytes });
    await world.idle();
    const document = await read(me, id);
    expect(document.status).toBe('FAILED');
    expect(document.problem.code).toMatch(new RegExp(code));
    expect(document.problem.message.length).toBeGreaterThan(20);
    const retried = await world.ask(me, `mutation { retryDocument(input: { id: "${id}" }) { document { status } } }`);
    expect(retried.data.retryDocument.document.status).toBe('QUEUED');
    await world.idle();
    expect((await read(me, id)).status).toBe('FAILED');
  });

  it('a text that is not there, or too long to be given inline', async () => {
    expect((await add(user(), 'T', ' ')).code).toBe('BAD_USER_INPUT');
    expect((await add(user(), 'T', 'x'.repeat(1_048_577))).code).toBe('BAD_USER_INPUT');
    expect((await add(user(), '', 'x')).code).toBe('BAD_USER_INPUT');
  });
});
