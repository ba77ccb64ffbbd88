import path from 'node:path';
import type { Config } from '#platform/base/config/config.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';
import type { RateLimiter } from '#platform/identity/limits/rate-limiter.ts';
import type { ClientTls } from '#platform/net/http/tls.ts';
import { readCacheRules } from './cache/create-cache.ts';
import type { CacheRules } from './cache/fetch-cache.ts';
import { createAnswerHeaders, type HeaderGatherer } from './request/answer-headers.ts';
import { JwksAuthenticator } from './request/jwks-authenticator.ts';
import { createPropagation, type Propagation } from './request/propagation.ts';
import { createOrigins, type Origins } from './server/origins.ts';
import { GatewayFileError } from './settings/error.ts';
import { type GatewayFile, textOf } from './settings/gateway-file.ts';
import { readTls } from './settings/read-tls.ts';
import { replacedSettings } from './settings/replaced-settings.ts';

/** The meaning of gateway.yaml. Its parts stay the same objects, and do what the file says at the moment. */
export interface Configured {
  readonly file: GatewayFile;
  /** The settings of the environment, with what the file says in their place. */
  readonly config: Config;
  readonly origins: Origins;
  /** Returns how a subgraph is known over TLS; undefined where the file says nothing of it. */
  tlsOf(subgraph: string): ClientTls | undefined;
  readonly propagation: Propagation;
  /** Begins to gather what a caller sees of the headers of subgraphs' answers; undefined where no rule shows any. */
  answerHeaders(identity: Identity): HeaderGatherer | undefined;
  /** What is said about keeping answers. */
  readonly cacheRules: CacheRules;
  readonly authenticator: Authenticator;
  /** Reads the file again now. Resolves to whether it says something else than before. */
  reload(): Promise<boolean>;
  close(): void;
}

export interface ConfiguredOptions {
  /** Absolute path of the gateway.yaml. Without one its defaults hold. */
  readonly file: string | undefined;
  readonly config: Config;
  readonly log: Logger;
  /** Verifies the credentials of the product; no file may name another. */
  readonly authenticator: Authenticator | undefined;
  readonly limiter: RateLimiter | undefined;
  /** Whether a subgraph is in this process. */
  readonly isOwn: (subgraph: string) => boolean;
  /** Whether identities are signed for subgraphs. */
  readonly signs: boolean;
  /**
   * Called when the file says something else, and its parts do that already.
   *
   * @param hasOtherLimits whether operations that are known have to be looked at again.
   * @param hasOtherCallers whether callers who were let in before may not be now, or are others.
   */
  readonly changed: (hasOtherLimits: boolean, hasOtherCallers: boolean) => Promise<void>;
}

/** What one text of the file means. */
interface Meaning {
  readonly file: GatewayFile;
  readonly propagation: Propagation;
  readonly answerHeaders: ((identity: Identity) => HeaderGatherer) | undefined;
  readonly cacheRules: CacheRules;
  readonly authenticator: Authenticator | undefined;
  /** The verifier of tokens of other issuers. */
  readonly tokens: JwksAuthenticator | undefined;
  readonly origins: Origins;
  readonly tls: ReadonlyMap<string, ClientTls>;
  readonly replaced: Partial<Config>;
}

/** Where `tls` of `all` is kept; no subgraph is called so. */
const ALL = '';

/** Reads gateway.yaml and follows it. @throws {GatewayFileError} when there is no good file to begin with. */
export async function followGatewayFile(options: ConfiguredOptions): Promise<Configured> {
  const settings = options.file
    ? await (await import('./settings/watch-gateway-file.ts')).watchGatewayFile(
        options.file,
        options.log,
        async (next) => {
          const before = now;
          take(meaningOf(next, options, before));
          const callersOf = ({ authentication, cors }: GatewayFile): string => textOf([authentication, cors]);
          try {
            await options.changed(
              textOf(now.replaced) !== textOf(before.replaced),
              callersOf(next) !== callersOf(before.file),
            );
          } catch (error) {
            take(before);
            throw error;
          }
        },
      )
    : undefined;
  const config = { ...options.config };
  let now = meaningOf(settings?.current ?? {}, options);
  take(now);

  function take(meaning: Meaning): void {
    now = meaning;
    // One object for all parts, which read it when they need it: a look costs them nothing more.
    Object.assign(config, options.config, meaning.replaced);
  }

  return {
    get file() {
      return now.file;
    },
    config,
    origins: {
      allowed: (request) => now.origins.allowed(request),
      maySendCookies: (request) => now.origins.maySendCookies(request),
      mark: (request, response) => now.origins.mark(request, response),
      preflight: (request, response) => now.origins.preflight(request, response),
    },
    tlsOf: (subgraph) => now.tls.get(subgraph) ?? now.tls.get(ALL),
    propagation: {
      get names() {
        return now.propagation.names;
      },
      counts: (subgraph, name) => now.propagation.counts(subgraph, name),
      tellsWho: (subgraph, name) => now.propagation.tellsWho(subgraph, name),
      maySend: (subgraph, name) => now.propagation.maySend(subgraph, name),
      collect: (request, identity) => now.propagation.collect(request, identity),
      collectPayload: (offered, payload, identity) => now.propagation.collectPayload(offered, payload, identity),
      of: (subgraph, headers) => now.propagation.of(subgraph, headers),
      ofSubscription: (subgraph, headers) => now.propagation.ofSubscription(subgraph, headers),
    },
    answerHeaders: (identity) => now.answerHeaders?.(identity),
    cacheRules: {
      settingsOf: (subgraph) => now.cacheRules.settingsOf(subgraph),
      headersOf: (subgraph, headers) => now.cacheRules.headersOf(subgraph, headers),
      counts: (subgraph, name) => now.cacheRules.counts(subgraph, name),
      maySend: (subgraph, name) => now.cacheRules.maySend(subgraph, name),
      shownOf: (subgraph, head) => now.cacheRules.shownOf(subgraph, head),
      isToldIdentity: (subgraph) => now.cacheRules.isToldIdentity(subgraph),
      get answers() {
        return now.cacheRules.answers;
      },
      get version() {
        return now.cacheRules.version;
      },
    },
    authenticator: {
      authenticate: async (credentials, client) =>
        (await now.authenticator?.authenticate(credentials, client)) ?? ANONYMOUS,
      known: (credentials) => (now.authenticator ? now.authenticator.known?.(credentials) : ANONYMOUS),
      watch: (identity, ended) => now.authenticator?.watch(identity, ended) ?? (() => undefined),
      get credentialsIn() {
        return now.authenticator?.credentialsIn?.bind(now.authenticator);
      },
      get required() {
        return now.authenticator?.required ?? false;
      },
    },
    reload: async () => (await settings?.reload()) ?? false,
    close: () => settings?.close(),
  };
}

/** @param before what the file meant until now. */
function meaningOf(file: GatewayFile, options: ConfiguredOptions, before?: Meaning): Meaning {
  const { config, log, limiter } = options;
  if (file.authentication && options.authenticator) {
    throw new GatewayFileError(
      `${options.file}: authentication is for graphs of others; here the subgraph auth issues the tokens.`,
    );
  }
  const falseCredentials = limiter && { limiter, perMinute: config.FALSE_CREDENTIALS_PER_MINUTE };
  const isAsBefore = textOf(file.authentication) === textOf(before?.file.authentication);
  // It has the keys of issuers, who may not answer at the moment.
  const tokens =
    file.authentication &&
    ((isAsBefore && before?.tokens) || new JwksAuthenticator(file.authentication, log, falseCredentials));
  const propagation = createPropagation({
    file,
    authenticates: options.authenticator !== undefined,
    trustedProxies: config.TRUSTED_PROXIES,
    claimOf: tokens && ((identity, path) => tokens.claimOf(identity, path)),
  });
  return {
    file,
    propagation,
    answerHeaders: createAnswerHeaders({ file, names: propagation.names }),
    cacheRules: readCacheRules({ file, propagation, isOwn: options.isOwn, signs: options.signs }),
    authenticator: options.authenticator ?? tokens,
    tokens,
    origins: createOrigins(config, file.cors),
    tls: tlsOf(file, options),
    replaced: replacedSettings(file),
  };
}

/** @throws {GatewayFileError} where a file cannot be used. */
function tlsOf(file: GatewayFile, { file: name = '', log }: ConfiguredOptions): ReadonlyMap<string, ClientTls> {
  const found = new Map<string, ClientTls>();
  const entries = [
    [ALL, 'all', file.all],
    ...Object.entries(file.subgraphs ?? {}).map(([one, settings]) => [one, `subgraphs.${one}`, settings] as const),
  ] as const;
  for (const [subgraph, place, settings] of entries) {
    if (!settings?.tls) continue;
    try {
      found.set(subgraph, readTls(settings.tls, `${place}.tls`, path.dirname(name), log));
    } catch (error) {
      throw new GatewayFileError(`${name}: ${(error as Error).message}`);
    }
  }
  return found;
}
