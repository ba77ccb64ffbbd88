import { versionOf } from '../../cache/answer-store.ts';
import type { FetchCache } from '../../cache/fetch-cache.ts';
import { Keeping } from '../../cache/keeping.ts';
import type { AnswerHeaders } from '../../request/answer-headers.ts';
import { readCacheControl, writeCacheControl } from '../../request/cache-control.ts';
import type { OperationAnswer, OperationRequest } from '../prepare/operation.ts';
import type { CompileInput } from '../prepare/operations.ts';

type Execute = (request: OperationRequest, keeping?: Keeping) => Promise<OperationAnswer>;

/** A whole answer as it is kept. */
interface KeptWhole {
  readonly json: string;
  readonly headers: AnswerHeaders | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * Keeps whole answers to queries of which every part is everybody's. The key has the operation as this caller may see
 * it, its variables and the headers that count; the identity of the caller is not in it, because the answer does not
 * depend on it.
 */
export function keepAnswers(
  cache: FetchCache | undefined,
  { id, operation }: Pick<CompileInput, 'id' | 'operation'>,
  execute: Execute,
): (request: OperationRequest) => Promise<OperationAnswer> {
  if (!cache || operation.operation !== 'query') return execute;
  const { store, metrics } = cache;

  async function kept(request: OperationRequest): Promise<OperationAnswer> {
    const headers = `${Object.keys(request.headers ?? {}).sort()}\0${request.headersKey ?? ''}`;
    const key = cache!.keyOf('answer', id, headers, JSON.stringify(request.variables) ?? '');
    const { answers } = await store.read([key], []);
    const [found] = answers;
    if (found?.names && found.freshUntil > Date.now()) {
      const { tokens } = await store.read([], found.names);
      if (versionOf(found.names, tokens) === found.version) {
        metrics.asked('', 'answer', 'hit', 1);
        return answerOf(JSON.parse(found.data) as KeptWhole);
      }
    }
    metrics.asked('', 'answer', 'miss', 1);
    const keeping = new Keeping();
    const answer = await execute(request, keeping);
    const { policy, tokens } = keeping;
    const names = [...tokens.keys()];
    const version = versionOf(names, tokens);
    const isPersonal = answer.headers?.isPersonal === true;
    if (!answer.failed && !answer.refused && !isPersonal && keeping.isPublic && version !== undefined) {
      const at = Date.now();
      const until = at + policy!.maxAge * 1_000;
      const json = typeof answer.json === 'string' ? answer.json : Buffer.from(answer.json).toString();
      const data = JSON.stringify({ json, headers: answer.headers, at } satisfies KeptWhole);
      metrics.kept('', 'answer');
      store.keep(key, { data, freshUntil: until, staleUntil: until, scope: 'public', version, names });
    }
    return answer;
  }

  return (request) =>
    cache.rules.answers && !store.rests && !request.errors?.length && !request.extensions
      ? kept(request)
      : execute(request);
}

function answerOf({ json, headers, at }: KeptWhole): OperationAnswer {
  const age = String(Math.ceil((Date.now() - at) / 1_000));
  const left = headers?.cacheControl === undefined ? undefined : readCacheControl(headers.cacheControl, age);
  return {
    json,
    failed: false,
    refused: false,
    headers: headers && {
      ...headers,
      ...(left && { cacheControl: writeCacheControl(left), vary: left.maxAge > 0 ? headers.vary : '' }),
    },
  };
}
