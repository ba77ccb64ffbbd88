import weaviate, { ApiKey, type WeaviateClient } from 'weaviate-client';
import { CodedError, notFound } from '#platform/base/errors/errors.ts';

export interface WeaviateOptions {
  /** http:// or https:// URL. */
  readonly url: string;
  /** `host:port`; default: the URL's host, port 50051. */
  readonly grpcUrl?: string | undefined;
  readonly apiKey?: string | undefined;
  /** Begins the names of collections. Default: `Sextant_`. */
  readonly prefix?: string | undefined;
}

/** Named vectors can be added to a collection since this version. */
const OLDEST = [1, 31] as const;
/** Seconds. */
const TIMEOUTS = { init: 5, query: 30, insert: 60 };

/**
 * Connects and checks the server's version. Nothing is remembered of a failure.
 *
 * @throws {CodedError} SERVICE_UNAVAILABLE, or NOT_CONFIGURED for a server that is too old.
 */
export async function connect({
  url,
  grpcUrl,
  apiKey,
}: WeaviateOptions): Promise<{ client: WeaviateClient; version: string }> {
  const http = new URL(url);
  const secure = http.protocol === 'https:';
  const grpc = new URL(`http://${grpcUrl ?? `${http.hostname}:50051`}`);
  const client = await guard(() =>
    weaviate.connectToCustom({
      httpHost: http.hostname,
      httpPort: Number(http.port || (secure ? 443 : 80)),
      httpSecure: secure,
      ...(http.pathname !== '/' && { httpPath: http.pathname }),
      grpcHost: grpc.hostname,
      grpcPort: Number(grpc.port || 50051),
      grpcSecure: secure,
      timeout: TIMEOUTS,
      ...(apiKey !== undefined && { authCredentials: new ApiKey(apiKey) }),
    }),
  );
  const { version } = await guard(() => client.getMeta());
  const [major = 0, minor = 0] = String(version).split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    await client.close();
    throw new CodedError('NOT_CONFIGURED', `Weaviate ${version} is too old: ${OLDEST.join('.')} or newer is needed.`);
  }
  return { client, version: String(version) };
}

/** Errors of a client that has lost its server, by the names that the library and gRPC give them. */
const LOST =
  /StartUp|GRPCUnavailable|RequestTimeout|UNAVAILABLE|DEADLINE_EXCEEDED|ECONNREFUSED|ECONNRESET|ENOTFOUND|fetch failed/;
/** The collection was deleted by another process, which this one hears of two seconds later. */
const GONE = /could not find class/;
const REFUSED = /Unauthenticated|InsufficientPermissions|UNAUTHENTICATED|PERMISSION_DENIED/;

/**
 * Runs a call to the server.
 *
 * @throws {CodedError} SERVICE_UNAVAILABLE instead of the many errors that mean it, and NOT_FOUND for a lost
 * collection.
 */
export async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const description = describeError(error);
    if (REFUSED.test(description)) throw new CodedError('SERVICE_UNAVAILABLE', 'Weaviate refuses WEAVIATE_API_KEY.');
    if (GONE.test(description)) throw notFound('The vector space');
    if (LOST.test(description)) throw new CodedError('SERVICE_UNAVAILABLE', 'Weaviate cannot be reached.');
    throw error;
  }
}

/** Returns name and message of an error and its causes. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.name} ${error.constructor.name} ${error.message} ${error.cause === undefined ? '' : describeError(error.cause)}`;
}
