import { isError, SextantError } from './errors.ts';
import { RefreshTokensDocument, SignInDocument, SignOutDocument, SignUpDocument } from './generated/graphql.ts';
import { dataOf, post } from './http.ts';
import type { StoredTokens, TokenStore } from './token-store.ts';

/** The tokens as `login`, `refresh` and `createFirstAdmin` answer them. */
export interface GivenTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** The parts that a session works with. */
export interface SessionOptions {
  readonly endpoint: string;
  readonly store: TokenStore;
  readonly fetch: typeof globalThis.fetch;
  /** How long new tokens are waited for, in ms, 10 seconds at most: while one tab waits, all do. */
  readonly answerWithinMs: number;
}

/** An access token is refreshed when a fifth of its life is left, at most a minute. */
const EARLY_SHARE = 0.2;
const MAX_EARLY_MS = 60_000;
/**
 * How long new tokens are waited for at most. A server whose answer was lost answers the same refresh token again, but
 * only for REFRESH_GRACE_S (30 seconds): the second try must come well within it, or it ends the session.
 */
const REFRESH_WITHIN_MS = 10_000;

/**
 * The session of a person, shared by all tabs of a browser: one tab refreshes, the others take what it got. A refresh
 * token is good for one use, so two tabs that used the same one would end the session.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #name: string;
  readonly #channel: BroadcastChannel | undefined;
  readonly #listeners = new Set<(signedIn: boolean) => void>();
  // Of whatever key: a store of the page's own has a name that is not known here.
  readonly #onStorage = (): void => this.#compare();
  /** Who was signed in when the listeners were told last. */
  #told: string | undefined;
  #refreshing: Promise<string | undefined> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#name = `sextant:${options.endpoint}`;
    this.#channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(this.#name);
    if (this.#channel) this.#channel.onmessage = () => this.#compare();
    this.#told = personOf(options.store.read());
    // Between processes of a browser a message may be faster than the storage that it tells of.
    globalThis.addEventListener?.('storage', this.#onStorage);
    // In Node a channel must not keep the process.
    (this.#channel as { unref?: () => void } | undefined)?.unref?.();
  }

  get isSignedIn(): boolean {
    return this.#options.store.read() !== undefined;
  }

  /** Signs in with address and password. @throws {SextantError} UNAUTHENTICATED, ACCOUNT_LOCKED, RATE_LIMITED. */
  async signIn(email: string, password: string): Promise<{ id: string; displayName: string }> {
    const { endpoint, fetch } = this.#options;
    const operation = { document: SignInDocument, variables: { input: { email, password } } };
    const { login } = dataOf(await post(endpoint, operation, undefined, { fetch }));
    this.adopt(login!.tokens);
    return login!.user;
  }

  /**
   * Makes an account and signs it in. An account that is there already with the same password is signed in.
   *
   * @returns whether the person has to confirm the address first, by the link in a mail: then there is no session yet.
   * @throws {SextantError} BAD_USER_INPUT with the `argument` that is wrong, UNAUTHENTICATED when the address has an
   * account with another password, FORBIDDEN where administrators make the accounts, RATE_LIMITED.
   */
  async signUp(
    email: string,
    password: string,
    { displayName }: { readonly displayName?: string | undefined } = {},
  ): Promise<{ emailVerificationRequired: boolean }> {
    const { endpoint, fetch } = this.#options;
    const input = { email, password, signIn: true, ...(displayName && { displayName }) };
    const { register } = dataOf(
      await post(endpoint, { document: SignUpDocument, variables: { input } }, undefined, { fetch }),
    );
    const { emailVerificationRequired, signedIn } = register!;
    if (signedIn) this.adopt(signedIn.tokens);
    else if (!emailVerificationRequired) await this.signIn(email, password);
    return { emailVerificationRequired };
  }

  /** Takes tokens that another mutation gave, such as `createFirstAdmin`. */
  adopt(tokens: GivenTokens): void {
    this.#keep(stored(tokens));
  }

  /** Ends the session, in all tabs. The tokens are gone from here even if the server cannot be told. */
  async signOut(): Promise<void> {
    const { store, endpoint, fetch } = this.#options;
    const tokens = store.read();
    this.#keep(undefined);
    if (tokens === undefined) return;
    const operation = { document: SignOutDocument, variables: { input: { refreshToken: tokens.refreshToken } } };
    await post(endpoint, operation, tokens.accessToken, { fetch }).catch(() => undefined);
  }

  /** Calls the listener when a person signs in or out, here or in another tab. Returns what ends that. */
  onChange(listener: (signedIn: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Returns an access token that is good now; undefined without a session.
   *
   * @param refused a token that the server has just refused: another one is returned.
   * @throws {SextantError} OFFLINE when it must be refreshed and the server cannot be reached.
   */
  async token(refused?: string): Promise<string | undefined> {
    const tokens = this.#options.store.read();
    if (tokens === undefined) return undefined;
    if (tokens.accessToken !== refused && Date.now() < tokens.refreshAt) return tokens.accessToken;
    this.#refreshing ??= this.#alone(() => this.#refresh(refused)).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Closes the channel to the other tabs. */
  close(): void {
    this.#channel?.close();
    globalThis.removeEventListener?.('storage', this.#onStorage);
    this.#listeners.clear();
  }

  /** Runs while no other tab does. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const locks = typeof navigator === 'undefined' ? undefined : navigator.locks;
    return locks ? locks.request(this.#name, work) : work();
  }

  async #refresh(refused: string | undefined): Promise<string | undefined> {
    const { store, endpoint, fetch, answerWithinMs } = this.#options;
    const tokens = store.read();
    if (tokens === undefined) return undefined;
    // Another tab was faster.
    if (tokens.accessToken !== refused && Date.now() < tokens.refreshAt) return tokens.accessToken;
    const operation = { document: RefreshTokensDocument, variables: { input: { refreshToken: tokens.refreshToken } } };
    const withinMs = Math.min(answerWithinMs, REFRESH_WITHIN_MS);
    const ask = () => post(endpoint, operation, undefined, { fetch, withinMs });
    try {
      // Asked again here: who waits for the token may come back when the server takes this one for stolen.
      const { refresh } = dataOf(await ask().catch(ask));
      const next = stored(refresh!.tokens);
      // A person who has signed out meanwhile, here or in another tab, stays so.
      if (store.read()?.refreshToken !== tokens.refreshToken) return store.read()?.accessToken;
      this.#keep(next);
      return next.accessToken;
    } catch (error) {
      if (!(error instanceof SextantError)) throw error;
      if (!isError(error, 'UNAUTHENTICATED')) throw error;
      if (store.read()?.refreshToken === tokens.refreshToken) this.#keep(undefined);
      return undefined;
    }
  }

  #keep(tokens: StoredTokens | undefined): void {
    this.#options.store.write(tokens);
    this.#channel?.postMessage('changed');
    if (tokens === undefined) this.#tell();
    else this.#compare();
  }

  /** A refresh changes nothing for them: what was begun with the earlier token goes on. */
  #compare(): void {
    if (personOf(this.#options.store.read()) !== this.#told) this.#tell();
  }

  #tell(): void {
    this.#told = personOf(this.#options.store.read());
    for (const listener of [...this.#listeners]) listener(this.isSignedIn);
  }
}

/** Counts the token's life from now: the clock of the device may be wrong, its speed is not. */
function stored({ accessToken, refreshToken }: GivenTokens): StoredTokens {
  const { iat = 0, exp = 0 } = claimsOf(accessToken);
  const lifeMs = (exp - iat) * 1000;
  return { accessToken, refreshToken, refreshAt: Date.now() + lifeMs - Math.min(MAX_EARLY_MS, lifeMs * EARLY_SHARE) };
}

/** Returns whose session it is, as far as the token says. Undefined without a session. */
const personOf = (tokens: StoredTokens | undefined): string | undefined =>
  tokens && (claimsOf(tokens.accessToken).sub ?? '');

function claimsOf(token: string): { iat?: number; exp?: number; sub?: string } {
  try {
    return JSON.parse(atob(token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/'))) as object;
  } catch {
    return {};
  }
}
