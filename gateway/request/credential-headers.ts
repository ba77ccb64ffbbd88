const NAMES = ['authorization', 'cookie', 'x-api-key'] as const;

/** Names of headers by which clients say who they are, whatever gateway.yaml says. */
export const CREDENTIALS: ReadonlySet<string> = new Set(NAMES);

/**
 * Returns what among the headers that go on to subgraphs says who asks. Callers share an answer only where it is equal,
 * whatever gateway.yaml says of headers that answers vary on: `vary: [x-tenant]` must not give one person's answer to
 * another.
 */
export function credentialsIn(headers: Readonly<Record<string, string>> | undefined): string {
  if (headers === undefined) return '';
  let found = '';
  for (const name of NAMES) {
    const value = headers[name];
    // No header has a NUL character.
    if (value !== undefined) found += `${name}\0${value}\0`;
  }
  return found;
}
