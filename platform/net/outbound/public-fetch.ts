import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Agent } from 'undici';
import { isPublicAddress } from './public-address.ts';
import { publicNames } from './public-names.ts';

/** The error of what must not be fetched, or cannot be; the message says why, in words for people. */
export class NotFetched extends Error {
  override name = 'NotFetched';
}

export interface PublicFetchOptions {
  /** `host` or `host:port` that may be fetched though their addresses are private. */
  readonly trusted: readonly string[];
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Of the content; checked before the body is read. */
  readonly accepts: (contentType: string) => boolean;
  readonly userAgent: string;
  /** The header of that name. Default: pages and texts. */
  readonly accept?: string;
  /** How often an answer may lead on. Default: 5. */
  readonly maxRedirects?: number;
  /** How names are resolved; for tests. */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
}

/** The content that was fetched. */
export interface Fetched {
  /** After redirects. */
  readonly url: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** Whether there is more than the body holds. */
  readonly isCut: boolean;
}

/** A request that is not just for what an address holds. */
export interface Sending {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The answer to it, whatever its status says. */
export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const MAX_REDIRECTS = 5;
const MAX_URL = 2_048;
const PAGES = 'text/html,text/*;q=0.9,application/json;q=0.8';
/** Without a word for a port, what only the web serves. */
const PORTS = new Set(['', '80', '443']);

/**
 * A client for URLs that a stranger, or a model that reads strangers' texts, has chosen. It reaches public addresses
 * alone: each name is resolved once, checked, and the connection goes to the address that was checked; each redirect is
 * checked like the first URL. No credentials and no cookies are sent.
 */
export class PublicFetch implements AsyncDisposable {
  readonly #options: PublicFetchOptions;
  /** One for hosts that the administrator names, with the port that is asked, and one for all others. */
  readonly #agents = new Map<boolean, Promise<Agent>>();

  constructor(options: PublicFetchOptions) {
    this.#options = options;
  }

  /** @throws {NotFetched} with the reason. */
  get(url: string, signal: AbortSignal): Promise<Fetched> {
    const { maxRedirects = MAX_REDIRECTS } = this.#options;
    return this.#within(signal, async (until) => {
      let next = url;
      for (let hop = 0; hop <= maxRedirects; hop++) {
        const target = this.#check(next);
        const answer = await this.#request(target, until);
        if (typeof answer !== 'string') return answer;
        if (!URL.canParse(answer, target.href)) throw new NotFetched('It leads to something that is not a URL.');
        next = new URL(answer, target.href).href;
      }
      throw new NotFetched(`It leads on more than ${maxRedirects} times.`);
    });
  }

  /**
   * Sends a request. A redirect is an answer like any other: nothing that was sent goes anywhere else.
   *
   * @throws {NotFetched} with the reason; also for an answer that is too long.
   */
  send(url: string, { method, headers, body }: Sending, signal: AbortSignal): Promise<Received> {
    return this.#within(signal, async (until) => {
      const target = this.#check(url);
      const agent = await this.#agentFor(target);
      const answer = await agent.request({
        origin: target.origin,
        path: target.pathname + target.search,
        method,
        headers: { ...headers, 'user-agent': this.#options.userAgent, 'accept-encoding': 'identity' },
        ...(body !== undefined && { body }),
        signal: until,
      });
      const { content, isCut } = await this.#read(answer.body);
      if (isCut) throw new NotFetched(`It is longer than ${this.#options.maxBytes} bytes.`);
      return { status: answer.statusCode, headers: answer.headers, body: content };
    });
  }

  /** Runs what asks within the time limit. @throws {NotFetched} with the reason. */
  async #within<Answer>(signal: AbortSignal, ask: (until: AbortSignal) => Promise<Answer>): Promise<Answer> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeoutMs)]);
    try {
      return await ask(until);
    } catch (error) {
      if (error instanceof NotFetched) throw error;
      signal.throwIfAborted();
      if (until.aborted) throw new NotFetched(`It did not come within ${this.#options.timeoutMs} ms.`);
      throw refusedBy(error) ?? new NotFetched(`It cannot be reached (${codeOf(error)}).`);
    }
  }

  #agentFor(url: URL): Promise<Agent> {
    const isTrusted = this.#isTrusted(url);
    const opening = this.#agents.get(isTrusted) ?? this.#open(isTrusted);
    this.#agents.set(isTrusted, opening);
    return opening;
  }

  /** Reads so much of a body as is allowed. */
  async #read(body: AsyncIterable<Buffer>): Promise<{ readonly content: Buffer; readonly isCut: boolean }> {
    const { maxBytes } = this.#options;
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of body) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > maxBytes) break;
    }
    return { content: Buffer.concat(pieces).subarray(0, maxBytes), isCut: bytes > maxBytes };
  }

  /** Returns the URL, if it is one that may be asked. Names are checked when they are resolved. */
  #check(text: string): URL {
    if (text.length > MAX_URL || !URL.canParse(text)) throw new NotFetched('It is not a URL.');
    const url = new URL(text);
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw new NotFetched('Only http: and https: are fetched.');
    if (url.username !== '' || url.password !== '') throw new NotFetched('A URL with credentials is not fetched.');
    if (this.#isTrusted(url)) return url;
    if (!PORTS.has(url.port)) throw new NotFetched(`Port ${url.port} is not fetched; only 80 and 443 are.`);
    const host = bare(url.hostname);
    if (isIP(host) !== 0 && !isPublicAddress(host)) throw new NotFetched(PRIVATE);
    return url;
  }

  #isTrusted(url: URL): boolean {
    return this.#options.trusted.some((one) => one === url.host || one === url.hostname);
  }

  /** @returns what came, or where it leads. */
  async #request(url: URL, signal: AbortSignal): Promise<Fetched | string> {
    const { accepts, userAgent, accept = PAGES } = this.#options;
    const agent = await this.#agentFor(url);
    const { statusCode, headers, body } = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: {
        'user-agent': userAgent,
        accept,
        'accept-encoding': 'identity',
      },
      signal,
    });
    // What is not read to its end is cut: nothing of it is waited for.
    const leave = (): void => void body.on('error', () => undefined).destroy();
    const header = (name: string): string => String(headers[name] ?? '');
    if (statusCode >= 300 && statusCode < 400 && header('location') !== '') {
      leave();
      return header('location');
    }
    const contentType = header('content-type').toLowerCase();
    const problem =
      statusCode >= 300
        ? `The server answers ${statusCode}.`
        : !['', 'identity'].includes(header('content-encoding'))
          ? `It is packed (${header('content-encoding').slice(0, 20)}) though that was not asked for.`
          : accepts(contentType)
            ? undefined
            : `It is ${contentType.slice(0, 60) || 'of no known kind'}; asked for is ${accept}.`;
    if (problem !== undefined) {
      leave();
      throw new NotFetched(problem);
    }
    const { content, isCut } = await this.#read(body as AsyncIterable<Buffer>);
    return { url: url.href, contentType, body: content, isCut };
  }

  async #open(isTrusted: boolean): Promise<Agent> {
    const { Agent } = await import('undici');
    const ofSystem = (host: string) => lookup(host, { all: true });
    const { timeoutMs, resolve = isTrusted ? ofSystem : publicNames() } = this.#options;
    return new Agent({
      // The next fetch resolves and checks the name again: a connection that is kept is one to a checked address.
      connections: 8,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: {
        timeout: timeoutMs,
        lookup: (host, { all }, answer) => {
          resolve(host).then(
            (found) => {
              const checked = found.filter(({ address }) => isTrusted || isPublicAddress(address));
              if (checked.length === 0) return answer(new NotFetched(found.length === 0 ? UNKNOWN : PRIVATE), '', 0);
              if (all) return answer(null, [...checked]);
              return answer(null, checked[0]!.address, checked[0]!.family);
            },
            () => answer(new NotFetched(UNKNOWN), '', 0),
          );
        },
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#agents.values()].map(async (agent) => (await agent).destroy()));
  }
}

const PRIVATE = 'Its address is not one of the public internet.';
const UNKNOWN = 'Its name is not known.';

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '');

function refusedBy(error: unknown): NotFetched | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof NotFetched) return cause;
  return undefined;
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? 'no answer').slice(0, 60);
