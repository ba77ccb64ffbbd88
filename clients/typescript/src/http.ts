import { errorOf, offline, SextantError, type WireError } from './errors.ts';

/** A GraphQL document with the types of its variables and data: what codegen's client preset makes, or a text. */
export interface TypedDocument<Data, Variables> {
  toString(): string;
  /** Carries the types; it is never there. */
  __apiType?: (variables: Variables) => Data;
}

/** An operation as it is sent. */
export interface Operation<Data = unknown, Variables = Record<string, unknown>> {
  readonly document: string | TypedDocument<Data, Variables>;
  readonly variables?: Variables | undefined;
}

/** The answer to an operation, errors included. */
export interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly WireError[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The way in which an operation is sent. */
export interface SendingOptions {
  readonly signal?: AbortSignal | undefined;
  readonly fetch?: typeof globalThis.fetch;
  /** How long an answer is waited for, in ms: a connection that is dead says nothing. Default: as long as it takes. */
  readonly withinMs?: number | undefined;
}

/** Sends one operation over HTTP. @throws {SextantError} OFFLINE when no answer comes. */
export async function post<Data, Variables>(
  endpoint: string,
  { document, variables }: Operation<Data, Variables>,
  token: string | undefined,
  { signal, fetch, withinMs }: SendingOptions = {},
): Promise<Answer<Data>> {
  const options = { signal, fetch, within: withinMs === undefined ? undefined : AbortSignal.timeout(withinMs) };
  const response = await open(endpoint, { document, variables }, token, 'application/json', options);
  let answer: Answer<Data>;
  try {
    answer = (await response.json()) as Answer<Data>;
  } catch (cause) {
    signal?.throwIfAborted();
    throw offline(cause);
  }
  return answer;
}

/** Opens a request and hands out its response. @throws {SextantError} OFFLINE when there is none. */
export async function open(
  endpoint: string,
  { document, variables }: { document: unknown; variables?: unknown },
  token: string | undefined,
  accept: string,
  {
    signal,
    fetch = globalThis.fetch,
    within,
  }: Omit<SendingOptions, 'withinMs'> & { readonly within?: AbortSignal | undefined },
): Promise<Response> {
  let response: Response;
  const ends = [signal, within].filter((one) => one !== undefined);
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query: String(document), variables }),
      ...(ends.length > 0 && { signal: AbortSignal.any(ends) }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw offline(cause);
  }
  // What is between client and server answers with pages of its own.
  if (!/json|event-stream/.test(response.headers.get('content-type') ?? '')) throw offline(response.status);
  return response;
}

/** Returns the data of an answer. @throws {SextantError} the first error, if there is any. */
export function dataOf<Data>({ data, errors }: Answer<Data>): Data {
  if (errors?.length) throw errorOf(errors);
  if (data == null) throw new SextantError('INTERNAL_SERVER_ERROR', 'The answer has no data.');
  return data;
}

/** Returns whether an answer says that the token is not good any more. */
export const isUnauthenticated = ({ errors }: Answer<unknown>): boolean =>
  errors?.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED') ?? false;
