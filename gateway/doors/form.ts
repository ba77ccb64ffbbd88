import type { IncomingMessage } from 'node:http';
import { abortSignalOf, type CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import { badInput, CodedError, unauthenticated } from '#platform/base/errors/errors.ts';
import { Bulkhead } from '#platform/base/faults/bulkhead.ts';
import { personOf } from '#platform/identity/identity.ts';
import { isClosed } from '#platform/net/http/client-left.ts';
import { boundBody, cutOff, isCutOff, toRequest } from '#platform/net/http/web.ts';
import { checkParts, readBoundary } from './form-parts.ts';
import type { Visit } from './visit.ts';

/** A form with one file. */
export interface Form {
  readonly file: File;
  readonly values: Readonly<Record<string, string>>;
}

/** Bytes of a form: a file of 25 MiB with its values and boundaries. */
const MAX_FORM_BYTES = 25 * 1024 * 1024 + 16_384;

/** A file is kept in memory until it is passed on: that many forms at once, of all callers and of one. */
const MAX_FORMS = 8;
const MAX_FORMS_EACH = 6;
/** Forms of one caller that may wait for their turn, unread. */
const MAX_WAITING_EACH = 64;
const places = new Bulkhead(MAX_FORMS);
/** The places of each caller who has a form under way, and how many forms that are. */
const callers = new Map<string, { readonly places: Bulkhead; forms: number }>();

/**
 * Reads a form (multipart/form-data) with a file called `file` and some values, and does the work with it, in its turn.
 * Only for those who are signed in: a stranger's file is not read.
 *
 * @throws {CodedError} UNAUTHENTICATED, RATE_LIMITED, PAYLOAD_TOO_LARGE, BAD_USER_INPUT naming the value.
 */
export async function withForm<T>(
  request: IncomingMessage,
  visit: Visit,
  known: readonly string[],
  work: (form: Form) => Promise<T>,
): Promise<T> {
  if (visit.identity.kind === 'anonymous') throw unauthenticated();
  if (isClosed(request)) throw cutOff();
  const boundary = readBoundary(request.headers['content-type']);
  const client = visit.identity.kind === 'user' ? personOf(visit.identity) : visit.identity.service;
  const caller = callers.get(client) ?? { places: new Bulkhead(MAX_FORMS_EACH, MAX_WAITING_EACH), forms: 0 };
  if (caller.places.isFull)
    throw new CodedError('RATE_LIMITED', `${caller.forms} files of yours are being sent already.`, { retryAfter: 1 });
  callers.set(client, caller);
  caller.forms++;
  const { signal } = visit;
  try {
    const inTurn = () =>
      places.run(async () => work(await readForm(request, boundary, known, signal)), { client, signal });
    return await caller.places.run(inTurn, { signal });
  } finally {
    caller.forms--;
    if (caller.forms === 0) callers.delete(client);
  }
}

async function readForm(
  request: IncomingMessage,
  boundary: string,
  known: readonly string[],
  signal: CancelSignal,
): Promise<Form> {
  try {
    const bounded = boundBody(toRequest(request, '/', abortSignalOf(signal)), MAX_FORM_BYTES);
    const body = Buffer.from(await bounded.arrayBuffer());
    checkParts(body, boundary);
    const headers = { 'content-type': `multipart/form-data; boundary="${boundary}"` };
    return checkForm(await new Response(body, { headers }).formData(), known);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const { cause } = error as { cause?: unknown };
    if (cause instanceof CodedError) throw cause;
    if (isCutOff(error) || isCutOff(cause)) throw cutOff();
    throw badInput('body', 'is not a form (multipart/form-data) that can be read.');
  }
}

function checkForm(data: FormData, known: readonly string[]): Form {
  const values: Record<string, string> = {};
  let file: File | undefined;
  for (const [name, value] of data) {
    if (typeof value === 'string') {
      if (!known.includes(name)) throw badInput(name, 'is not known here.');
      values[name] = value;
    } else if (name !== 'file' || file) throw badInput(name, 'is a file too many: send one, called `file`.');
    else file = value;
  }
  if (!file) throw badInput('file', 'is missing: send a file under this name.');
  return { file, values };
}
