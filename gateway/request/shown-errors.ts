import type { GraphQLFormattedError } from 'graphql';
import type { Logger } from '#platform/base/log/log.ts';

const REDACTED = 'The subgraph reported an error; the log of the gateway has it.';
/** A code says what kind of error it is; a text with blanks may say more. */
const CODE = /^[A-Za-z][\w.-]{0,63}$/;

/** Returns an error of a subgraph as clients see it where its words are kept from them, and logs it as it is. */
export function redactError(error: GraphQLFormattedError, subgraph: string, log: Logger): GraphQLFormattedError {
  const { message, path, extensions } = error;
  log.info({ subgraph, problem: message, path, extensions }, 'an error of a subgraph that clients do not see');
  const code = extensions?.['code'];
  return {
    message: REDACTED,
    ...(path && { path }),
    extensions: { code: typeof code === 'string' && CODE.test(code) ? code : 'DOWNSTREAM_SERVICE_ERROR' },
  };
}
