import { CodedError } from '#platform/base/errors/errors.ts';
import { isStorable } from '#platform/host/storable.ts';
import { CLIENT_HEADER, networkOf, readClientInfo } from '#platform/identity/client-info.ts';
import { OAuthError } from '../clients/oauth-error.ts';
import type { AuthParts } from '../parts.ts';
import { grantCode } from './authorization-codes.ts';
import { answerUri, type Destination, readDestination, readRequest } from './authorization-request.ts';
import { consentPage, refusalPage } from './consent-page.ts';
import { type Words, wordsFor } from './words.ts';

/** Documents of apps that are read for one network: a person connects few, and each is a request to a stranger. */
const DOCUMENTS = { name: 'auth-oauth-documents', limit: 30, windowS: 60 } as const;

/** Shows a person who asks for what. */
export function showConsent(parts: AuthParts, request: Request): Promise<Response> {
  const values = new URL(request.url).searchParams;
  const words = wordsFor(request.headers.get('accept-language'));
  return orRefuse(parts, request, values, words, async (destination) =>
    consentPage(readRequest(destination, values, parts.config.publicUrl), values, words),
  );
}

/** Takes what the person decided, and sends the answer to the app. */
export async function decide(parts: AuthParts, request: Request): Promise<Response> {
  const { publicUrl } = parts.config;
  const values = new URLSearchParams(await request.text());
  const words = wordsFor(request.headers.get('accept-language'));
  if (!isFromOwnPage(request, publicUrl))
    return refusalPage(new OAuthError('invalid_request', 'The form was sent from a page of another origin.'), words);
  return orRefuse(parts, request, values, words, async (destination) => {
    const asked = readRequest(destination, values, publicUrl);
    if (values.get('decision') !== 'allow') {
      const why = { error: 'access_denied', error_description: 'The person has refused.' };
      return seeOther(answerUri(asked, publicUrl, why));
    }
    const granted = asked.scopes.filter((scope) => values.getAll('grant').includes(scope));
    const email = values.get('email') ?? '';
    const again = (problem: string) => consentPage(asked, values, words, { problem, email, granted });
    if (granted.length === 0) return again(words.nothing);
    if (![email, values.get('password') ?? ''].every(isStorable)) return again(words.wrong);
    // Other credentials of the request say nothing here: the password is what counts.
    const actor = {
      identity: { kind: 'anonymous' },
      client: readClientInfo(request.headers.get(CLIENT_HEADER)),
    } as const;
    try {
      const code = await grantCode(parts, asked, granted, { email, password: values.get('password') ?? '' }, actor);
      return seeOther(answerUri(asked, publicUrl, { code }));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return again(problemOf(error, words));
    }
  });
}

/** Runs what needs to know where an answer goes; what is wrong is said on a page. */
async function orRefuse(
  parts: AuthParts,
  request: Request,
  values: URLSearchParams,
  words: Words,
  run: (destination: Destination) => Promise<Response>,
): Promise<Response> {
  let destination: Destination | undefined;
  try {
    destination = await readDestination(parts.clients, values, () => spendDocument(parts, request));
    return await run(destination);
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return refusalPage(error, words, destination, parts.config.publicUrl);
  }
}

/** @throws {OAuthError} 429 where documents of too many apps were read for one network. */
async function spendDocument({ limiter }: AuthParts, { headers }: Request): Promise<void> {
  const verdict = await limiter.consume(`ip:${networkOf(readClientInfo(headers.get(CLIENT_HEADER)))}`, DOCUMENTS);
  if (verdict.allowed) return;
  throw new OAuthError('temporarily_unavailable', 'Too many apps were asked for from this address.', 429);
}

/** Browsers say from where a form comes; a program that says nothing has no credentials to misuse. */
function isFromOwnPage({ headers }: Request, publicUrl: string): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin';
  const origin = headers.get('origin');
  return origin === null || origin === new URL(publicUrl).origin;
}

function problemOf({ code, message }: CodedError, words: Words): string {
  if (code === 'UNAUTHENTICATED') return words.wrong;
  if (code === 'ACCOUNT_LOCKED') return words.locked;
  return code === 'RATE_LIMITED' ? words.tooMany : message;
}

const seeOther = (location: string): Response =>
  new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } });
