import type { IncomingHttpHeaders } from 'node:http';

/** The choice of a client's headers that go on to the subgraphs, under their own name. */
export interface PropagationRules {
  /** Header names, lower case. */
  readonly headers: readonly string[];
}

/** Without an authenticator the subgraphs check credentials themselves, so they need to see them. */
export const PASS_CREDENTIALS: PropagationRules = {
  headers: ['authorization', 'x-api-key', 'cookie', 'accept-language', 'x-forwarded-for', 'user-agent'],
};

/** Returns the headers to pass on; undefined when there are none, which costs nothing further down. */
export function propagated(
  rules: PropagationRules | undefined,
  headers: IncomingHttpHeaders | Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> | undefined {
  if (!rules) return undefined;
  let found: Record<string, string> | undefined;
  for (const name of rules.headers) {
    const value = (headers as Record<string, unknown>)[name];
    if (typeof value !== 'string') continue;
    found ??= {};
    found[name] = value;
  }
  return found;
}
