/** The tokens that a signed-in client keeps. */
export interface StoredTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** By the clock of this device, in milliseconds: from then on the access token is refreshed before it is used. */
  readonly refreshAt: number;
}

/** The place where tokens lie: one for all tabs of a browser. */
export interface TokenStore {
  read(): StoredTokens | undefined;
  write(tokens: StoredTokens | undefined): void;
}

/** Creates a store in the memory of this process or page. */
export function memoryStore(): TokenStore {
  let kept: StoredTokens | undefined;
  return {
    read: () => kept,
    write: (tokens) => {
      kept = tokens;
    },
  };
}

/** Creates a store in a `Storage` such as localStorage, under a name that tells servers apart. */
export function webStore(storage: Storage, name: string): TokenStore {
  return {
    read() {
      const kept = storage.getItem(name);
      if (kept === null) return undefined;
      try {
        const tokens: unknown = JSON.parse(kept);
        return isTokens(tokens) ? tokens : undefined;
      } catch {
        return undefined;
      }
    },
    write(tokens) {
      if (tokens === undefined) storage.removeItem(name);
      else storage.setItem(name, JSON.stringify(tokens));
    },
  };
}

/** Whether something that was kept is tokens: another version of a page may have kept something else. */
function isTokens(kept: unknown): kept is StoredTokens {
  const { accessToken, refreshToken, refreshAt } = (kept ?? {}) as Partial<StoredTokens>;
  return typeof accessToken === 'string' && typeof refreshToken === 'string' && typeof refreshAt === 'number';
}

/** Returns the store that suits the surroundings: localStorage in a browser, else memory. */
export function defaultStore(name: string): TokenStore {
  try {
    return typeof window !== 'undefined' && window.localStorage ? webStore(window.localStorage, name) : memoryStore();
  } catch {
    return memoryStore(); // A page whose storage is forbidden.
  }
}
