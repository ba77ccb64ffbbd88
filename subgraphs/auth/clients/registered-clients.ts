import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Secrets } from '#platform/base/secrets/secrets.ts';
import { type ClientMetadata, readMetadata } from './client-metadata.ts';
import { OAuthError } from './oauth-error.ts';

/** Tells it from the URL of an app's document. */
const PREFIX = 'sxc_';
const MAC_BYTES = 16;
const MAC_CHARACTERS = 22;
/** How long a registration is good for, in seconds. An app that is connected stays so. */
export const REGISTRATION_LIFE_S = 366 * 86_400;
/** Longest id, in characters: it travels in URLs. */
const MAX_ID = 2_000;

const idSchema = z.object({ n: z.string(), r: z.array(z.string()).min(1), t: z.number() });

/**
 * The apps that registered themselves (RFC 7591). Nothing of them is stored: the id is what the app said of itself and
 * when, with a MAC. So a flood of registrations fills nothing, and each replica knows all of them.
 */
export class RegisteredClients {
  /** The first one signs; what any of them has signed is accepted. */
  readonly #keys: readonly Buffer[];

  constructor(secrets: Secrets) {
    this.#keys = secrets.deriveAll('registered clients');
  }

  /** @throws {OAuthError} what is wrong with what the app says of itself. */
  register(given: unknown): { readonly clientId: string; readonly issuedAt: number } & ClientMetadata {
    const metadata = readMetadata(given, 'An app without a name');
    const issuedAt = Math.floor(Date.now() / 1000);
    const text = JSON.stringify({ n: metadata.name, r: metadata.redirectUris, t: issuedAt });
    const body = Buffer.from(text).toString('base64url');
    const clientId = `${PREFIX}${body}.${macOf(this.#keys[0]!, body)}`;
    if (clientId.length > MAX_ID)
      throw new OAuthError('invalid_client_metadata', 'redirect_uris are too long together: register fewer of them.');
    return { clientId, issuedAt, ...metadata };
  }

  /** Whether an id looks like one of these at all. */
  static isOne(clientId: string): boolean {
    return clientId.startsWith(PREFIX);
  }

  /** @returns undefined where we did not write it, and where it is too old. */
  find(clientId: string): ClientMetadata | undefined {
    if (!RegisteredClients.isOne(clientId) || clientId.length > MAX_ID) return undefined;
    const [body = '', given = '', ...more] = clientId.slice(PREFIX.length).split('.');
    const mac = Buffer.from(given);
    if (more.length > 0 || mac.length !== MAC_CHARACTERS) return undefined;
    if (!this.#keys.some((key) => timingSafeEqual(mac, Buffer.from(macOf(key, body))))) return undefined;
    const {
      n: name,
      r: redirectUris,
      t: issuedAt,
    } = idSchema.parse(JSON.parse(Buffer.from(body, 'base64url').toString()));
    if (issuedAt + REGISTRATION_LIFE_S < Date.now() / 1000) return undefined;
    return { name, redirectUris };
  }
}

/** Compared as it is written: base64 decodes several spellings to the same bytes, of which one is ours. */
const macOf = (key: Buffer, body: string): string =>
  createHmac('sha256', key).update(body).digest().subarray(0, MAC_BYTES).toString('base64url');
