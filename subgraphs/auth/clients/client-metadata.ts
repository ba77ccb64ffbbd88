import { z } from 'zod';
import { OAuthError } from './oauth-error.ts';
import { redirectProblem } from './redirect-uris.ts';

/** The words of an app about itself, in a registration or its document. All are public: none has a secret of ours. */
export interface ClientMetadata {
  /** What it calls itself; this is not checked. */
  readonly name: string;
  readonly redirectUris: readonly string[];
}

const MAX_REDIRECT_URIS = 10;
const MAX_NAME = 80;

const schema = z.object({
  redirect_uris: z.array(z.string()).min(1).max(MAX_REDIRECT_URIS),
  client_name: z.string().optional(),
  grant_types: z.array(z.string()).optional(),
  response_types: z.array(z.string()).optional(),
  token_endpoint_auth_method: z.string().optional(),
});

/** Reads what an app says of itself. @throws {OAuthError} what is wrong with it. */
export function readMetadata(given: unknown, otherName: string): ClientMetadata {
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = String(issue?.path[0] ?? 'body');
    const code = field === 'redirect_uris' ? 'invalid_redirect_uri' : 'invalid_client_metadata';
    const what =
      field === 'redirect_uris' ? `must be a list of 1 to ${MAX_REDIRECT_URIS} URIs` : 'is not what it must be';
    throw new OAuthError(code, `${field} ${what}.`);
  }
  const { redirect_uris: redirectUris, client_name: name, grant_types: grants, response_types: answers } = parsed.data;
  for (const uri of redirectUris) {
    const problem = redirectProblem(uri);
    if (problem) throw new OAuthError('invalid_redirect_uri', `One of redirect_uris ${problem}`);
  }
  if (grants && !grants.includes('authorization_code'))
    throw new OAuthError('invalid_client_metadata', 'grant_types must hold authorization_code.');
  if (answers && !answers.includes('code'))
    throw new OAuthError('invalid_client_metadata', 'response_types must hold code.');
  return { name: nameOf(name) || otherName, redirectUris };
}

/** One line of a length that can be read, without characters that turn others round or are not seen. */
const nameOf = (given = ''): string =>
  given
    .normalize('NFC')
    .replaceAll(/[\p{C}\p{Bidi_Control}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME)
    .toWellFormed();
