import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { Decrypter, Encrypter } from 'age-encryption';
import { CommandError } from '../report.ts';

/** The first bytes of every file in age's format, which other programs read too: `age --decrypt`. */
export const AGE_MARK = 'age-encryption.org/v1';

/** The lock of a backup: a passphrase in a file, or keys whose owners alone open it. */
export interface Lock {
  readonly passphraseFile?: string | undefined;
  /** Public keys: `age1…`. */
  readonly recipients?: readonly string[] | undefined;
}

/** The key to a locked backup: the passphrase's file, or one with secret keys. */
export interface Key {
  readonly passphraseFile?: string | undefined;
  /** A file with lines `AGE-SECRET-KEY-1…`, as `age-keygen` writes it. */
  readonly identityFile?: string | undefined;
}

const MIN_PASSPHRASE_CHARACTERS = 12;

/**
 * Returns what encrypts a stream; undefined where no lock is asked for.
 *
 * @throws {CommandError} for a passphrase or a public key that cannot be used.
 */
export async function encryption({ passphraseFile, recipients = [] }: Lock) {
  if (passphraseFile === undefined && recipients.length === 0) return undefined;
  if (passphraseFile !== undefined && recipients.length > 0)
    throw new CommandError('--passphrase-file and --recipient exclude one another: a backup has one kind of lock.');
  const encrypter = new Encrypter();
  if (passphraseFile !== undefined) {
    const passphrase = await readPassphrase(passphraseFile);
    if (passphrase.length < MIN_PASSPHRASE_CHARACTERS)
      throw new CommandError(
        `The passphrase in ${passphraseFile} has ${passphrase.length} characters; ${MIN_PASSPHRASE_CHARACTERS} are needed at least.`,
      );
    encrypter.setPassphrase(passphrase);
  }
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw new CommandError(
        `${recipient} is not a public key of age: one begins with age1 (\`age-keygen\` makes it).`,
      );
    }
  }
  return async (plain: Readable): Promise<Readable> => fromWeb(await encrypter.encrypt(toWeb(plain)));
}

/**
 * Returns what decrypts a stream.
 *
 * @throws {CommandError} where no key is given, or it cannot be read.
 */
export async function decryption({ passphraseFile, identityFile }: Key, file: string) {
  const decrypter = new Decrypter();
  if (passphraseFile !== undefined) decrypter.addPassphrase(await readPassphrase(passphraseFile));
  if (identityFile !== undefined) {
    const keys = (await readSecret(identityFile)).split('\n').filter((line) => line.startsWith('AGE-SECRET-KEY-'));
    if (keys.length === 0)
      throw new CommandError(`${identityFile} holds no secret key: a line that begins with AGE-SECRET-KEY- is needed.`);
    for (const key of keys) decrypter.addIdentity(key.trim());
  }
  if (passphraseFile === undefined && identityFile === undefined)
    throw new CommandError(`${file} is encrypted: give --passphrase-file or --identity.`);
  return async (locked: Readable): Promise<Readable> => {
    try {
      return fromWeb(await decrypter.decrypt(toWeb(locked)));
    } catch (error) {
      const given = identityFile ?? passphraseFile;
      throw new CommandError(`${file} is not opened by what ${given} holds: another passphrase or key is needed.`, {
        cause: error,
      });
    }
  };
}

const readPassphrase = async (file: string): Promise<string> => (await readSecret(file)).replace(/\r?\n$/, '');

async function readSecret(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, { cause: error });
  }
}

const toWeb = (stream: Readable) => Readable.toWeb(stream) as never;
const fromWeb = (stream: unknown): Readable => Readable.fromWeb(stream as ReadableStream<Uint8Array>);
