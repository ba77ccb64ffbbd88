import { createHash, randomBytes } from 'node:crypto';

/** Returns a token of 256 random bits, of letters, digits, `-` and `_`. */
export const randomToken = (): string => randomBytes(32).toString('base64url');

/** Returns the SHA-256 of a text as base64url: what is kept of a token, and the name of what a long text stands for. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
