/** Tokens are renewed this long before they end. */
const EARLY_MS = 30_000;
const STORED = 'sextant.explorer.tokens';

/** Who is signed in, over reloads of the page. */
export class Session {
  #endpoint;
  #operations;
  #storage;
  #tokens;
  #renewing;

  /**
   * @param {{ endpoint: string | URL, operations: object, storage: Storage }} options `operations` are those of the
   *   server's settings: see `Account` in explorer.ts.
   */
  constructor({ endpoint, operations, storage }) {
    this.#endpoint = endpoint;
    this.#operations = operations;
    this.#storage = storage;
    this.#tokens = JSON.parse(storage.getItem(STORED) ?? 'null');
  }

  get isSignedIn() {
    return this.#tokens !== null;
  }

  /** Takes an access token that was made elsewhere: it is not renewed. */
  use(accessToken) {
    this.#keep({ accessToken });
  }

  /** Resolves to what the server says of the new account. */
  async signUp(email, password) {
    const { account } = await this.#ask(this.#operations.signUp, { email, password });
    return account.message;
  }

  async signIn(email, password) {
    const { session } = await this.#ask(this.#operations.signIn, { email, password });
    this.#keep(session.tokens);
  }

  signOut() {
    this.#keep(null);
  }

  /** Resolves to the headers of a request: none, or those of the person who is signed in, with a token that is good. */
  async headers() {
    const { refreshToken, accessTokenExpiresAt } = this.#tokens ?? {};
    if (refreshToken && Date.parse(accessTokenExpiresAt) - Date.now() < EARLY_MS) {
      // Once for all who ask meanwhile: a refresh token is good for one time.
      this.#renewing ??= this.#renew(refreshToken).finally(() => {
        this.#renewing = undefined;
      });
      await this.#renewing;
    }
    return this.#tokens ? { authorization: `Bearer ${this.#tokens.accessToken}` } : {};
  }

  /**
   * Asks the server who is signed in, and signs out whom it does not know.
   *
   * @returns the person's name, or undefined.
   */
  async who() {
    if (!this.isSignedIn) return undefined;
    try {
      const { person } = await this.#ask(this.#operations.who, {}, await this.headers());
      if (person) return person.name;
    } catch (error) {
      if (!error.isRefusal) throw error;
    }
    this.signOut();
    return undefined;
  }

  async #renew(refreshToken) {
    try {
      const { session } = await this.#ask(this.#operations.refresh, { refreshToken });
      this.#keep(session.tokens);
    } catch (error) {
      if (error.isRefusal) this.signOut();
      else throw error;
    }
  }

  #keep(tokens) {
    this.#tokens = tokens;
    this.#storage.setItem(STORED, JSON.stringify(tokens));
  }

  async #ask(query, variables, headers = {}) {
    const answer = await fetch(this.#endpoint, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await answer.json();
    if (!errors?.length) return data;
    const isRefusal = !/UNAVAILABLE|TIMEOUT|RATE_LIMITED|INTERNAL/.test(errors[0].extensions?.code ?? '');
    throw Object.assign(new Error(errors[0].message), { isRefusal });
  }
}
