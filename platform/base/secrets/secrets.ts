import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { makeDataFolder } from '../files/make-folder.ts';
import { randomToken } from './tokens.ts';

/**
 * The keys that follow from the installation's one secret, and the sealing of what must not lie open in the database.
 */
export interface Secrets {
  /** 32 bytes for one purpose (HKDF-SHA256): knowing one tells nothing of another. */
  derive(purpose: string): Buffer;
  /** The same by each secret that is accepted: the present one first, then JWT_SECRET_PREVIOUS. For what is checked. */
  deriveAll(purpose: string): readonly Buffer[];
  /** Encrypts with AES-256-GCM; what is sealed for one purpose opens for no other. */
  seal(purpose: string, plain: string): string;
  /** @throws {Error} when it was sealed for another purpose or with another secret, or was changed. */
  open(purpose: string, sealed: string): string;
  /** Whether it was sealed with the present secret; what was not is to be sealed again, before the other one goes. */
  isPresent(purpose: string, sealed: string): boolean;
}

type SecretConfig = Pick<Config, 'JWT_SECRET' | 'JWT_SECRET_PREVIOUS' | 'DATABASE_URL' | 'dataDir'>;

/**
 * Loads the secret of this installation: JWT_SECRET, or, where everything is in one process, one that the first start
 * makes and keeps in SEXTANT_DIR for the owner's eyes alone.
 *
 * @throws {ConfigError} when processes are separate and JWT_SECRET is not set: they would not understand one another.
 */
export function loadSecrets(config: SecretConfig): Secrets {
  if (config.JWT_SECRET !== undefined) return secretsOf(config.JWT_SECRET, config.JWT_SECRET_PREVIOUS);
  if (config.DATABASE_URL !== undefined) {
    throw new ConfigError('JWT_SECRET is not set; with DATABASE_URL it is needed: at least 32 random characters.');
  }
  return secretsOf(keptSecret(config.dataDir));
}

/**
 * Returns what is derived from the secrets that are accepted.
 *
 * @param secret at least 32 characters that cannot be guessed.
 * @param previous another one, by which what was signed or sealed is accepted as well.
 */
export function secretsOf(secret: string, previous?: string): Secrets {
  const keys = new Map<string, readonly Buffer[]>();
  const deriveAll = (purpose: string): readonly Buffer[] => {
    let all = keys.get(purpose);
    if (all === undefined) {
      const accepted = previous === undefined ? [secret] : [secret, previous];
      all = accepted.map((one) => Buffer.from(hkdfSync('sha256', one, 'sextant', purpose, 32)));
      keys.set(purpose, all);
    }
    return all;
  };
  const derive = (purpose: string): Buffer => deriveAll(purpose)[0]!;
  const sealingKeys = (purpose: string) => deriveAll(`seal ${purpose}`);
  return {
    derive,
    deriveAll,
    seal(purpose, plain) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', sealingKeys(purpose)[0]!, nonce);
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
    },
    open(purpose, sealed) {
      const plain = firstOf(sealingKeys(purpose), (key) => openWith(key, sealed));
      if (plain === undefined)
        throw new Error('It was sealed for another purpose, with another secret, or was changed.');
      return plain;
    },
    isPresent: (purpose, sealed) => openWith(sealingKeys(purpose)[0]!, sealed) !== undefined,
  };
}

/** Opens what was sealed with a key; undefined when it was not. */
function openWith(key: Buffer, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < 28) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function firstOf<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keptSecret(directory: string): string {
  const file = path.join(directory, 'secret');
  const kept = readIfThere(file);
  if (kept !== undefined) return kept;
  makeDataFolder(directory);
  // Written aside and linked into place, so that no process ever reads half of it and the first of two starts wins.
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, randomToken(), { mode: 0o600 });
  chmodSync(partial, 0o600);
  try {
    linkSync(partial, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(partial, { force: true });
  }
  return readFileSync(file, 'utf8').trim();
}

function readIfThere(file: string): string | undefined {
  try {
    const secret = readFileSync(file, 'utf8').trim();
    if (secret.length < 32) throw new ConfigError(`${file} is damaged: restore it from a backup, or set JWT_SECRET.`);
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
