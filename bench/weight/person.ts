import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import {
  CreateConversationDocument,
  MeDocument,
  MessageStreamDocument,
  ReadConversationDocument,
  SendMessageDocument,
} from '../../tests/client/generated/graphql.ts';
import { TestUser } from '../../tests/testing/client.ts';

const page = await readFile(new URL('../../subgraphs/vision/testing/page.png', import.meta.url));

const WORDS =
  'star horizon angle mirror index arm sea noon latitude chart pencil table almanac clock sun moon planet height ship'.split(
    ' ',
  );

/** Returns a text of so many words, no two alike. */
export const prose = (words: number): string =>
  Array.from(
    { length: words },
    (_, i) => `${WORDS[Math.floor(Math.random() * WORDS.length)]}${i % 12 === 11 ? `. Note ${randomUUID()}` : ''}`,
  ).join(' ');

/** What one person does with all of the product. */
export class Person {
  readonly user: TestUser;
  #conversationId: Promise<string> | undefined;
  #collectionId: Promise<string> | undefined;

  private constructor(user: TestUser) {
    this.user = user;
  }

  static async signUp(url: string): Promise<Person> {
    return new Person(await TestUser.signUp(url));
  }

  /** One request or two of each subgraph that no model is needed for. */
  async lookAround(): Promise<void> {
    await this.user.run(MeDocument);
    await this.user.run(ReadConversationDocument, { id: await this.#conversation() });
    await this.user.run('{ memories(first: 1) { nodes { id } } contexts(scope: {scope: USER}) { nodes { id } } }');
    await this.user.run('{ images(first: 1) { nodes { id } } }');
    await this.user.run(`{ vectorCollection(id: "${await this.#collection()}") { id name } }`);
    await this.user.run('{ usage { calls cost } usageCalls(first: 1) { nodes { id } } }');
  }

  /** Sends a message and reads the reply to its end. */
  async chat(): Promise<void> {
    const input = { conversationId: await this.#conversation(), clientMessageId: randomUUID(), text: prose(20) };
    const { sendMessage } = await this.user.run(SendMessageDocument, { input });
    const messageId = sendMessage!.reply!.id;
    const response = await this.user.stream(MessageStreamDocument, { messageId, after: 0 });
    await response.text();
  }

  async readBack(): Promise<void> {
    await this.user.run(ReadConversationDocument, { id: await this.#conversation() });
  }

  async remember(): Promise<void> {
    await this.user.run<unknown, { text: string }>(
      'mutation ($text: String!) { remember(input: {memories: [{text: $text}]}) { memories { id } } }',
      { text: prose(15) },
    );
  }

  /** Stores so many memories at once. */
  async rememberMany(count: number): Promise<void> {
    const input = { memories: Array.from({ length: count }, () => ({ text: prose(60) })) };
    await this.user.run<unknown, { input: object }>(
      'mutation ($input: RememberInput!) { remember(input: $input) { memories { id } } }',
      { input },
    );
  }

  /** Writes a few bytes, and nothing that a model must read. */
  async note(): Promise<void> {
    const input = { scope: { scope: 'USER' }, key: 'course', value: { degrees: Math.random() * 360 } };
    await this.user.run<unknown, { input: object }>(
      'mutation ($input: SetContextInput!) { setContext(input: $input) { context { id } } }',
      { input },
    );
  }

  async searchKnowledge(): Promise<void> {
    await this.user.run<unknown, { query: string }>(
      'query ($query: String!) { searchKnowledge(input: {query: $query}) { matches { passage { text } } } }',
      { query: prose(5) },
    );
  }

  async upsert(objects: number): Promise<void> {
    const input = {
      collectionId: await this.#collection(),
      objects: Array.from({ length: objects }, () => ({ id: randomUUID(), text: prose(30) })),
    };
    await this.user.run<unknown, { input: object }>(
      'mutation ($input: UpsertVectorsInput!) { upsertVectors(input: $input) { storedCount } }',
      { input },
    );
  }

  async searchVectors(): Promise<void> {
    const input = { collectionId: await this.#collection(), text: prose(5) };
    await this.user.run<unknown, { input: object }>(
      'query ($input: SearchVectorsInput!) { searchVectors(input: $input) { hits { score } } }',
      { input },
    );
  }

  /** Uploads a document of Markdown. @returns its id; it is read in the background. */
  document(bytes: number): Promise<string> {
    const text = Buffer.alloc(bytes, `# Notes ${randomUUID()}\n\n${prose(5_000)}\n\n`);
    return this.#upload('createDocumentUpload', 'document', 'text/markdown', text);
  }

  /** Tells what a document is: read and embedded, failed and why; undefined while it waits. */
  async documentEnd(id: string): Promise<string | undefined> {
    const { data } = await this.user.send<
      { document: { status: string; problem: { message: string } | null } | null },
      { id: string }
    >('query ($id: ID!) { document(id: $id) { status problem { message } } }', { id });
    const { status, problem } = data?.document ?? {};
    return status === 'READY' || status === 'FAILED' ? [status, problem?.message].filter(Boolean).join(' ') : undefined;
  }

  /** Waits until a document is read and embedded, or has failed. @returns what it is then. */
  documentRead(id: string): Promise<string> {
    return ended(() => this.documentEnd(id));
  }

  /** Uploads a document of any format. @returns its id; it is read in the background. */
  documentOf(contentType: string, bytes: Uint8Array): Promise<string> {
    return this.#upload('createDocumentUpload', 'document', contentType, bytes);
  }

  /** Uploads a page, no two alike, whose text is to be recognised. */
  async picture(): Promise<string> {
    const { r, g, b } = { r: Math.random() * 20, g: Math.random() * 20, b: Math.random() * 20 };
    return this.pictureOf('image/png', await sharp(page).tint({ r, g, b }).png().toBuffer());
  }

  /** Uploads a picture. @returns its id; its text is read in the background, where it is to be. */
  pictureOf(contentType: string, bytes: Uint8Array, isRead = true): Promise<string> {
    return this.#upload('createImageUpload', 'image', contentType, bytes, isRead ? 'recognizeText: true' : '');
  }

  /** Tells what a picture is: there and, where that is asked for, its text; undefined while it waits. */
  async pictureEnd(id: string): Promise<string | undefined> {
    const { data } = await this.user.send<
      {
        image: {
          status: string;
          problem: string | null;
          ocr: { status: string; problem: string | null } | null;
        } | null;
      },
      { id: string }
    >('query ($id: ID!) { image(id: $id) { status problem ocr { status problem } } }', { id });
    const { status = '', problem, ocr } = data?.image ?? {};
    const isEnd = status === 'REFUSED' || (status === 'READY' && ocr?.status !== 'RUNNING');
    return isEnd ? [status, problem, ocr?.status, ocr?.problem].filter(Boolean).join(' ') : undefined;
  }

  /** Waits until a picture is there and, where that is asked for, its text; or has failed. @returns what it is then. */
  pictureRead(id: string): Promise<string> {
    return ended(() => this.pictureEnd(id));
  }

  /** Opens a picture in another size or format, such as `width: 400`. @returns its bytes. */
  async variant(id: string, asked: string): Promise<number> {
    const { image } = await this.user.run<{ image: { url: string | null } | null }, never>(
      `{ image(id: "${id}") { url(${asked}) } }`,
    );
    if (image?.url == null) throw new Error('the picture has no link');
    const response = await fetch(this.#here(image.url));
    const bytes = await response.arrayBuffer();
    if (!response.ok) throw new Error(`the variant was answered with ${response.status}`);
    return bytes.byteLength;
  }

  /** Downloads all memories, contexts and documents. @returns their bytes. */
  async exportAll(): Promise<number> {
    const { exportMemory } = await this.user.run<{ exportMemory: { url: string } }, never>(
      'mutation { exportMemory { url } }',
    );
    return (await (await fetch(this.#here(exportMemory.url))).arrayBuffer()).byteLength;
  }

  /** Deletes the account, and with it all that the person has. */
  async leave(): Promise<void> {
    await this.user.run<unknown, { password: string }>(
      'mutation ($password: String!) { deleteAccount(input: { password: $password }) { deletedId } }',
      { password: this.user.password },
    );
  }

  #conversation(): Promise<string> {
    this.#conversationId ??= this.user
      .run(CreateConversationDocument, { input: { title: 'Leg 1' } })
      .then(({ createConversation }) => createConversation!.conversation.id);
    return this.#conversationId;
  }

  #collection(): Promise<string> {
    this.#collectionId ??= this.user
      .run<{ createVectorCollection: { collection: { id: string } } }, never>(
        'mutation { createVectorCollection(input: {name: "notes"}) { collection { id } } }',
      )
      .then(({ createVectorCollection }) => createVectorCollection.collection.id);
    return this.#collectionId;
  }

  async #upload(mutation: string, field: string, contentType: string, bytes: Uint8Array, more = ''): Promise<string> {
    const answer = await this.user.run<Record<string, Created>, never>(
      `mutation { ${mutation}(input: {fileName: "notes", contentType: "${contentType}", size: ${bytes.length} ${more}}) {
        created: ${field} { id } upload { url method headers { name value } }
      } }`,
    );
    const { created, upload } = answer[mutation]!;
    const response = await fetch(this.#here(upload.url), {
      method: upload.method,
      headers: Object.fromEntries(upload.headers.map(({ name, value }) => [name, value])),
      body: new Uint8Array(bytes),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the upload was answered with ${response.status}`);
    return created.id;
  }

  /** Links are published under another address than that of the bench. */
  #here(url: string): URL {
    const { pathname, search } = new URL(url);
    return new URL(pathname + search, this.user.url);
  }
}

/** Asks until there is an answer, twice a second. */
async function ended(ask: () => Promise<string | undefined>): Promise<string> {
  while (true) {
    const end = await ask();
    if (end !== undefined) return end;
    await sleep(500);
  }
}

interface Created {
  readonly created: { readonly id: string };
  readonly upload: {
    readonly url: string;
    readonly method: string;
    readonly headers: readonly { readonly name: string; readonly value: string }[];
  };
}
