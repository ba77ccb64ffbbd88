import { CodedError } from '../../base/errors/errors.ts';
import { isObject } from '../../base/json/objects.ts';

/** What the log says where a subgraph does not believe the identity that this process signs. */
export const REFUSES_IDENTITY =
  'a subgraph refuses the identity that is signed for it: do both have the same secrets, and the same time?';

/** The end of a request whose signed identity a replica does not believe: it lives, and is of no use. */
export class IdentityRefused extends CodedError {
  constructor(message: string) {
    super('SUBGRAPH_UNAVAILABLE', message);
  }
}

/**
 * Returns the errors with which a subgraph refuses an operation whose signed identity it does not believe. They say so
 * in a word of their own, as `UNAUTHENTICATED` alone can be about the person who asks.
 */
export const identityRefused = (message: string): readonly object[] => [
  { message, extensions: { code: 'UNAUTHENTICATED', refused: 'assertion' } },
];

/** Returns whether a subgraph has refused the identity itself. */
export const isIdentityRefused = (errors: readonly unknown[]): boolean => {
  const extensions = isObject(errors[0]) ? errors[0].extensions : undefined;
  return isObject(extensions) && extensions.refused === 'assertion';
};
