import type { IncomingMessage } from 'node:http';
import { abortSignalOf } from '#platform/base/cancellation/cancellation.ts';
import { badInput, CodedError, unauthenticated } from '#platform/base/errors/errors.ts';
import { personOf, type ServiceIdentity, type UserIdentity } from '#platform/identity/identity.ts';
import { isClosed } from '#platform/net/http/client-left.ts';
import { boundBody, cutOff, isCutOff, toRequest } from '#platform/net/http/web.ts';
import { checkParts, readBoundary } from './form-parts.ts';
import type { Visit } from './visit.ts';

/** A form with one file. It has a place among those in memory until it is disposed of. */
export interface Form extends Disposable {
  readonly file: File;
  readonly values: Readonly<Record<string, string>>;
}

/** Bytes of a form: a file of 25 MiB with its values and boundaries. */
const MAX_FORM_BYTES = 25 * 1024 * 1024 + 16_384;

/** A file is kept in memory until it is passed on: that many forms at once, of all callers and of one person. */
const MAX_FORMS = 8;
const MAX_FORMS_EACH = 4;
let held = 0;
const heldOf = new Map<string, number>();

const nameOf = (caller: UserIdentity | ServiceIdentity): string =>
  caller.kind === 'user' ? personOf(caller) : caller.service;

/** Takes a place for a form of a person. @throws {CodedError} RATE_LIMITED. */
function takePlace(userId: string): () => void {
  const own = heldOf.get(userId) ?? 0;
  if (own >= MAX_FORMS_EACH)
    throw new CodedError('RATE_LIMITED', `You are sending ${own} files already.`, { retryAfter: 1 });
  if (held >= MAX_FORMS)
    throw new CodedError('RATE_LIMITED', `${MAX_FORMS} files are being sent already.`, { retryAfter: 1 });
  held++;
  heldOf.set(userId, own + 1);
  return () => {
    held--;
    const left = heldOf.get(userId)! - 1;
    if (left === 0) heldOf.delete(userId);
    else heldOf.set(userId, left);
  };
}

/**
 * Reads a form (multipart/form-data) with a file called `file` and some values. Only for those who are signed in: a
 * stranger's file is not read.
 *
 * @throws {CodedError} UNAUTHENTICATED, RATE_LIMITED, PAYLOAD_TOO_LARGE, BAD_USER_INPUT naming the value.
 */
export async function readForm(request: IncomingMessage, visit: Visit, known: readonly string[]): Promise<Form> {
  if (visit.identity.kind === 'anonymous') throw unauthenticated();
  if (isClosed(request)) throw cutOff();
  const boundary = readBoundary(request.headers['content-type']);
  const leave = takePlace(nameOf(visit.identity));
  try {
    const bounded = boundBody(toRequest(request, '/', abortSignalOf(visit.signal)), MAX_FORM_BYTES);
    const body = Buffer.from(await bounded.arrayBuffer());
    checkParts(body, boundary);
    const headers = { 'content-type': `multipart/form-data; boundary="${boundary}"` };
    const form = checkForm(await new Response(body, { headers }).formData(), known);
    return { ...form, [Symbol.dispose]: leave };
  } catch (error) {
    leave();
    if (error instanceof CodedError) throw error;
    const { cause } = error as { cause?: unknown };
    if (cause instanceof CodedError) throw cause;
    if (isCutOff(error) || isCutOff(cause)) throw cutOff();
    throw badInput('body', 'is not a form (multipart/form-data) that can be read.');
  }
}

function checkForm(data: FormData, known: readonly string[]): Omit<Form, typeof Symbol.dispose> {
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
