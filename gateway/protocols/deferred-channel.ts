import type { ServerResponse } from 'node:http';
import { isClosed } from '#platform/net/http/client-left.ts';
import type { AnswerPart, OperationAnswer, PendingPart } from '../execution/prepare/operation.ts';
import { STREAM_HEADERS } from './http-channels.ts';

/**
 * The forms of an answer in parts: Apollo's of 2022, which clients ask for with `deferSpec=20220824`, and that of the
 * working draft for incremental delivery, `incrementalSpec=v0.2`, which says beforehand what is to come.
 */
export type DeferSpec = 'deferSpec=20220824' | 'incrementalSpec=v0.2';

const BOUNDARY = '\r\n--graphql';

/** A channel for an answer in parts: the first, then what comes later, each as a part of its own. */
export class DeferredChannel {
  readonly #response: ServerResponse;
  readonly #spec: DeferSpec;
  #left = 0;

  constructor(response: ServerResponse, spec: DeferSpec) {
    this.#response = response;
    this.#spec = spec;
  }

  /** @param pending at least one. */
  first({ json }: OperationAnswer, pending: readonly PendingPart[]): void {
    this.#left = pending.length;
    this.#response.writeHead(200, {
      ...STREAM_HEADERS,
      'content-type': `multipart/mixed;boundary="graphql";${this.#spec}`,
    });
    this.#response.write(BOUNDARY);
    const announced = pending.map(({ id, place, label }) => ({ id: String(id), path: place, label }));
    const told = this.#spec === 'deferSpec=20220824' ? '' : `,"pending":${JSON.stringify(announced)}`;
    this.#part(`${String(json).slice(0, -1)}${told},"hasNext":true}`);
  }

  next(parts: readonly AnswerPart[]): void {
    this.#left -= parts.length;
    const hasNext = this.#left > 0;
    this.#part(
      this.#spec === 'deferSpec=20220824'
        ? `{"incremental":[${parts.map(item).join(',')}],"hasNext":${hasNext}}`
        : `{${completed(parts)},"hasNext":${hasNext}}`,
    );
    if (!hasNext && !isClosed(this.#response)) this.#response.end('--\r\n');
  }

  #part(json: string): void {
    if (isClosed(this.#response)) return;
    this.#response.write(`\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${json}${BOUNDARY}`);
  }
}

function item({ place, label, data, errors }: AnswerPart): string {
  const rest = JSON.stringify({ path: place, label, ...(errors.length > 0 && { errors }) });
  return `{"data":${data},${rest.slice(1)}`;
}

/** What cannot be given is completed with its errors, and nothing else is said of it. */
function completed(parts: readonly AnswerPart[]): string {
  const given = parts.filter(({ data }) => data !== 'null');
  const incremental = given.map(({ id, data, errors }) => {
    const rest = JSON.stringify({ id: String(id), ...(errors.length > 0 && { errors }) });
    return `{"data":${data},${rest.slice(1)}`;
  });
  const ends = parts.map(({ id, data, errors }) => ({ id: String(id), ...(data === 'null' && { errors }) }));
  return `${incremental.length > 0 ? `"incremental":[${incremental.join(',')}],` : ''}"completed":${JSON.stringify(ends)}`;
}
