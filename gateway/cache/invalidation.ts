import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { CodedError } from '#platform/base/errors/errors.ts';
import { httpStatusOf } from '#platform/base/errors/http-status.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { readBody } from '#platform/net/http/web.ts';
import { refuseMethod, sendJson } from '../server/pages.ts';
import type { FetchCache } from './fetch-cache.ts';

/** Where caches are told what has changed. */
export const INVALIDATION_PATH = '/cache/invalidate';

const MAX_ENTRIES = 1_000;
const MAX_BYTES = 1024 * 1024;
const name = z.string({ error: 'a text of 1 to 512 characters' }).min(1).max(512);
const list = <T extends z.ZodType>(of: T) =>
  z.array(of, { error: 'a list' }).max(MAX_ENTRIES, `at most ${MAX_ENTRIES} entries`).optional();
const body = z
  .strictObject({
    tags: list(name),
    types: list(name),
    keys: list(
      z.strictObject({ type: name, key: z.record(z.string(), z.unknown(), { error: 'an object of key fields' }) }),
    ),
    subgraphs: list(name),
  })
  .refine(({ tags, types, keys, subgraphs }) => tags ?? types ?? keys ?? subgraphs, {
    error: '`tags`, `types`, `keys` or `subgraphs`',
  });

export interface InvalidationOptions {
  readonly log: Logger;
  /** As it is at the moment; undefined: there is no such path. */
  readonly secret: () => string | undefined;
  /** Undefined while no supergraph is served. */
  readonly cache: () => FetchCache | undefined;
}

/** Creates the handler of `POST /cache/invalidate`, by which those who change data say what has changed. */
export function createInvalidation({ log, secret, cache }: InvalidationOptions) {
  return {
    get isOpen(): boolean {
      return secret() !== undefined;
    },
    async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const fail = (error: CodedError, status = httpStatusOf(error.extensions['code'])): void =>
        sendJson(response, status, { error: { code: error.extensions['code'], message: error.message } });
      if (request.method !== 'POST') return refuseMethod(response, ['POST']);
      if (!isSecret(request.headers.authorization, secret())) {
        response.setHeader('www-authenticate', 'Bearer');
        return fail(new CodedError('UNAUTHENTICATED', 'Send `authorization: Bearer` with the invalidation secret.'));
      }
      const current = cache();
      if (!current) return fail(new CodedError('SERVICE_UNAVAILABLE', 'The gateway is starting.'));
      try {
        const asked = body.safeParse(jsonIn(await readBody(request, MAX_BYTES)));
        if (!asked.success) {
          const issue = asked.error.issues[0]!;
          const at = issue.path.join('.') || 'body';
          const problem =
            issue.code === 'unrecognized_keys'
              ? `has ${issue.keys.join(', ')}, which is not known here`
              : `is wrong; allowed: ${issue.message}`;
          return fail(new CodedError('BAD_USER_INPUT', `${at} ${problem}.`));
        }
        const count = await current.invalidate(asked.data);
        const { tags, types, keys, subgraphs } = asked.data;
        const counts = { tags: tags?.length, types: types?.length, keys: keys?.length, subgraphs: subgraphs?.length };
        log.info({ ...counts, names: count }, 'kept answers are invalidated');
        sendJson(response, 200, { invalidated: count });
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        fail(error);
      }
    },
  };
}

function jsonIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new CodedError('BAD_USER_INPUT', 'body is not JSON.');
  }
}

/** Compared by hashes, which takes as long for a wrong secret as for a nearly right one. */
function isSecret(authorization: string | undefined, secret: string | undefined): boolean {
  const given = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1];
  if (given === undefined || secret === undefined) return false;
  const [a, b] = [given, secret].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a!, b!);
}
