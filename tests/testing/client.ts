import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { buildSchema, type DocumentNode, type GraphQLFormattedError, parse, print } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import { watchAnswer } from '#gateway/testing/law-watch.ts';
import { LoginDocument, RegisterDocument } from '../client/generated/graphql.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const schema = buildSchema(readFileSync(path.join(ROOT, 'schema.graphql'), 'utf8'), { assumeValid: true });

/** Every answer that the product gives to the suites is checked against its schema. */
function watchWhole(query: string, variables: object, answer: object): void {
  let document: DocumentNode;
  try {
    document = parse(query);
  } catch {
    return;
  }
  watchAnswer(schema, document, undefined, variables as Record<string, unknown>, answer);
}

export interface GraphqlAnswer<Data> {
  readonly status: number;
  readonly data?: Data | null;
  readonly errors?: readonly { message: string; path?: (string | number)[]; extensions?: Record<string, unknown> }[];
}

/** One person at one frontend: typed operations over HTTP, and a graphql-ws socket for subscriptions. */
export class TestUser {
  readonly url: string;
  readonly email: string;
  readonly password: string;
  accessToken = '';
  refreshToken = '';
  id = '';

  constructor(url: string, email = `user-${randomUUID()}@example.org`, password = 'a star above the horizon') {
    this.url = url;
    this.email = email;
    this.password = password;
  }

  /** Signs up and signs in. */
  static async signUp(url: string): Promise<TestUser> {
    const user = new TestUser(url);
    await user.run(RegisterDocument, { input: { email: user.email, password: user.password } });
    await user.signIn();
    return user;
  }

  async signIn(): Promise<void> {
    // One that has expired is refused, whatever is asked with it.
    this.accessToken = '';
    const { login } = await this.run(LoginDocument, { input: { email: this.email, password: this.password } });
    this.accessToken = login!.tokens.accessToken;
    this.refreshToken = login!.tokens.refreshToken;
    this.id = login!.user.id;
  }

  /** The whole answer, errors included. */
  async send<Data, Variables>(
    document: TypedDocumentNode<Data, Variables> | string,
    variables?: Variables,
    headers: Record<string, string> = {},
  ): Promise<GraphqlAnswer<Data>> {
    const response = await this.#post(document, variables, headers);
    const answer = (await response.json()) as object;
    watchWhole(typeof document === 'string' ? document : print(document), variables ?? {}, answer);
    return { status: response.status, ...answer };
  }

  /** A subscription as a stream of server-sent events; resolves when it is open. */
  stream<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Response> {
    return this.#post(document, variables, { accept: 'text/event-stream' });
  }

  #post(document: TypedDocumentNode<unknown, never> | string, variables: unknown, headers: Record<string, string>) {
    return fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.accessToken && { authorization: `Bearer ${this.accessToken}` }),
        ...headers,
      },
      body: JSON.stringify({ query: typeof document === 'string' ? document : print(document), variables }),
    });
  }

  /** The data. @throws the first error of the answer. */
  async run<Data, Variables>(
    document: TypedDocumentNode<Data, Variables> | string,
    variables?: Variables,
  ): Promise<Data> {
    const { data, errors } = await this.send<Data, Variables>(document, variables);
    if (errors?.[0]) throw new Error(`${errors[0].extensions?.['code']}: ${errors[0].message}`);
    return data!;
  }

  /** A graphql-ws client with the user's token. Close it with `dispose`. */
  socket(options: { retryAttempts?: number; webSocketImpl?: unknown } = {}): Client {
    return createClient({
      url: `${this.url.replace(/^http/, 'ws')}/graphql`,
      connectionParams: () => ({ authorization: `Bearer ${this.accessToken}` }),
      retryAttempts: options.retryAttempts ?? 0,
      ...(options.webSocketImpl !== undefined && { webSocketImpl: options.webSocketImpl }),
    });
  }
}

/** A subscription as an async iteration of its data. */
export function subscribe<Data, Variables extends Record<string, unknown>>(
  socket: Client,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): AsyncIterableIterator<Data> {
  const results = socket.iterate<Data>({ query: print(document), variables });
  return (async function* () {
    try {
      for await (const { data, errors } of results) {
        if (errors?.[0]) throw errors;
        yield data!;
      }
    } catch (error) {
      throw subscriptionError(error);
    }
  })();
}

/** An error that ended a subscription; graphql-ws hands out what an `error` message holds, a list. */
export function subscriptionError(thrown: unknown): unknown {
  const [first] = Array.isArray(thrown) ? (thrown as GraphQLFormattedError[]) : [];
  return first ? new Error(`${first.extensions?.['code']}: ${first.message}`) : thrown;
}
