import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from '#platform/base/config/config.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Secrets } from '#platform/base/secrets/secrets.ts';
import type { PrismaClient, SigningKey } from '#prisma/auth/client/client.ts';
import { type Actor, SYSTEM } from '../actor.ts';
import type { Changes, Tx } from '../change.ts';

export const ALGORITHM = 'EdDSA';

const HOUR_MS = 3_600_000;
/** How long a key signs. */
export const SIGNS_FOR_MS = 30 * 24 * HOUR_MS;
/** How long before that it is published, so that every verifier has it when the first token comes. */
export const ANNOUNCED_FOR_MS = 24 * HOUR_MS;
/**
 * How long before it signs a key is published that an administrator asks for: verifiers keep a JWK Set for five
 * minutes, another replica may have read its keys a minute ago.
 */
export const NOTICE_MS = 6 * 60_000;
/** How long it stays published after the last token it signed has ended. */
const SLACK_MS = HOUR_MS;
/** How long what was read is good for: the public keys are asked for by anybody. */
const REREAD_MS = 60_000;
const LOCK = 72_707_371;
const PURPOSE = 'signing keys';

export interface Signer {
  readonly keyId: string;
  readonly key: CryptoKey;
}

interface Keys {
  readonly signer: Signer;
  readonly published: readonly JWK[];
  readonly readAt: number;
}

/**
 * The keys of access tokens (Ed25519): sealed in the database, so that all replicas sign with the same one and a copy
 * of the database signs nothing. They rotate by themselves; an announced successor signs from its time on.
 */
export class SigningKeys {
  readonly #db: PrismaClient;
  readonly #changes: Changes;
  readonly #secrets: Secrets;
  readonly #log: Logger;
  readonly #tokenLifeMs: number;
  #keys: Promise<Keys> | undefined;

  constructor(
    db: PrismaClient,
    changes: Changes,
    secrets: Secrets,
    config: Pick<Config, 'ACCESS_TOKEN_TTL_S'>,
    log: Logger,
  ) {
    this.#db = db;
    this.#changes = changes;
    this.#secrets = secrets;
    this.#log = log;
    this.#tokenLifeMs = config.ACCESS_TOKEN_TTL_S * 1000;
  }

  async signer(): Promise<Signer> {
    return (await this.#current()).signer;
  }

  /** The public keys, as a JWK Set has them. */
  async published(): Promise<readonly JWK[]> {
    return (await this.#current()).published;
  }

  /** What was read before is out of date: another process made or revoked a key. */
  forget(): void {
    this.#keys = undefined;
  }

  /**
   * Makes a new key. It is announced first and signs when every verifier has it; with `revokeOld` it signs at once.
   *
   * @param revokeOld whether tokens of the old keys stop being valid at once.
   * @returns the new key's id, and from when it signs.
   */
  async rotate(actor: Actor, revokeOld: boolean): Promise<{ readonly id: string; readonly activeFrom: Date }> {
    const made = await this.#changes.run(actor, async (change) => {
      await lock(change.tx);
      const old = await readKeys(change.tx);
      const made = await this.#make(change.tx, new Date(Date.now() + (revokeOld ? 0 : NOTICE_MS)));
      for (const key of revokeOld ? old : []) {
        change.revokeSigningKey(key.id, new Date(Date.now() + this.#tokenLifeMs + SLACK_MS));
        await change.tx.signingKey.delete({ where: { id: key.id } });
      }
      await change.audit({ type: 'authz_admin', details: { action: 'rotate signing key', keyId: made.id, revokeOld } });
      return made;
    });
    this.forget();
    return made;
  }

  #current(): Promise<Keys> {
    const kept = this.#keys;
    const read =
      kept === undefined
        ? this.#read()
        : kept.then((keys) => (Date.now() - keys.readAt < REREAD_MS ? kept : this.#read()));
    this.#keys = read;
    read.catch(() => {
      if (this.#keys === read) this.#keys = undefined;
    });
    return read;
  }

  async #read(): Promise<Keys> {
    const usable = await this.#usable(await readKeys(this.#db));
    await this.#sealAgain(usable);
    const keys = needsSuccessor(usable) ? await this.#ensure() : usable;
    const signing = keys.filter((key) => key.activeFrom.getTime() <= Date.now()).at(-1) ?? this.#soonest(keys);
    const key = (await importJWK(
      JSON.parse(this.#secrets.open(PURPOSE, signing.sealedPrivate)),
      ALGORITHM,
    )) as CryptoKey;
    return {
      signer: { keyId: signing.id, key },
      published: keys.map((one) => ({ ...(one.publicKey as JWK), kid: one.id, alg: ALGORITHM, use: 'sig' })),
      readAt: Date.now(),
    };
  }

  /** The time of the first key has not come: a clock was ahead when it was made, or is behind now. */
  #soonest([first]: readonly SigningKey[]): SigningKey {
    this.#log.warn(
      { activeFrom: first!.activeFrom },
      'the first signing key is of a time to come: is the clock right?',
    );
    return first!;
  }

  /** Makes what is missing: a first key at once, a successor in time. One process does it, the others find it done. */
  #ensure(): Promise<SigningKey[]> {
    return this.#changes.run(SYSTEM, async (change) => {
      await lock(change.tx);
      const keys = await this.#usable(await readKeys(change.tx));
      if (!needsSuccessor(keys)) return keys;
      const newest = keys.at(-1);
      const due = newest && newest.activeFrom.getTime() + SIGNS_FOR_MS > Date.now();
      const made = await this.#make(change.tx, due ? new Date(Date.now() + ANNOUNCED_FOR_MS) : new Date());
      await change.audit({ type: 'authz_admin', details: { action: 'make signing key', keyId: made.id } });
      return [...keys, made];
    });
  }

  async #make(tx: Tx, activeFrom: Date): Promise<SigningKey> {
    const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
    const lastToken = activeFrom.getTime() + SIGNS_FOR_MS + ANNOUNCED_FOR_MS + this.#tokenLifeMs;
    return tx.signingKey.create({
      data: {
        id: uuidv7(),
        publicKey: { ...(await exportJWK(publicKey)) },
        sealedPrivate: this.#secrets.seal(PURPOSE, JSON.stringify(await exportJWK(privateKey))),
        activeFrom,
        publishedTo: new Date(lastToken + SLACK_MS),
      },
    });
  }

  /** Seals again what JWT_SECRET_PREVIOUS has sealed, so that it can go. */
  async #sealAgain(keys: readonly SigningKey[]): Promise<void> {
    for (const { id, sealedPrivate } of keys) {
      if (this.#secrets.isPresent(PURPOSE, sealedPrivate)) continue;
      const sealed = this.#secrets.seal(PURPOSE, this.#secrets.open(PURPOSE, sealedPrivate));
      await this.#db.signingKey.updateMany({ where: { id, sealedPrivate }, data: { sealedPrivate: sealed } });
      this.#log.info({ keyId: id }, 'a signing key is sealed with the present JWT_SECRET');
    }
  }

  /** Keys that another JWT_SECRET sealed cannot sign, and what they signed must not be believed. */
  async #usable(keys: SigningKey[]): Promise<SigningKey[]> {
    return keys.filter((key) => {
      try {
        this.#secrets.open(PURPOSE, key.sealedPrivate);
        return true;
      } catch {
        this.#log.warn({ keyId: key.id }, 'a signing key was sealed with another JWT_SECRET and is not used any more');
        return false;
      }
    });
  }
}

const lock = (tx: Tx) => tx.$executeRaw`SELECT pg_advisory_xact_lock(${LOCK})`;

/** Oldest first by the time they sign from. */
const readKeys = (db: Pick<PrismaClient, 'signingKey'>): Promise<SigningKey[]> =>
  db.signingKey.findMany({
    where: { publishedTo: { gt: new Date() } },
    orderBy: [{ activeFrom: 'asc' }, { id: 'asc' }],
  });

function needsSuccessor(keys: readonly SigningKey[]): boolean {
  const newest = keys.at(-1);
  if (newest === undefined || !keys.some((key) => key.activeFrom.getTime() <= Date.now())) return true;
  return newest.activeFrom.getTime() + SIGNS_FOR_MS - ANNOUNCED_FOR_MS < Date.now();
}
