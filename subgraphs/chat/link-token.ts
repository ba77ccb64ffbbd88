import { createHash, randomBytes } from 'node:crypto';

/** Makes the secret of a link: 256 bits, which no one guesses. It is shown once; what is kept is its digest. */
export const makeToken = (): string => randomBytes(32).toString('base64url');

/** Returns the digest by which a link is kept and found. */
export const digestOf = (token: string): string => createHash('sha256').update(token).digest('base64url');
