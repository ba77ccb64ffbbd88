import { PublicFetch } from '#platform/net/outbound/public-fetch.ts';
import type { ToolServerSettings } from '../../../catalogue/tool-server-settings.ts';

/** Most bytes of a document or an answer of an authorization server. */
const MAX_BYTES = 64 * 1024;
const TIMEOUT_MS = 10_000;

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** A `fetch` for what a tool server says of where people sign in. */
export interface OAuthFetch extends AsyncDisposable {
  readonly fetch: Fetch;
}

/**
 * Opens a `fetch` that reaches what the administrator has written, and otherwise public addresses alone: the addresses
 * of authorization servers are a stranger's words.
 */
export function openOAuthFetch({ url, oauth }: ToolServerSettings): OAuthFetch {
  const written = new Set([url, oauth?.issuer].flatMap((one) => (one === undefined ? [] : [new URL(one).origin])));
  const opened = new Map<string, PublicFetch>();
  const reach = (origin: string, host: string): PublicFetch => {
    const key = written.has(origin) ? origin : '';
    const reached =
      opened.get(key) ??
      new PublicFetch({
        trusted: key === '' ? [] : [host],
        maxBytes: MAX_BYTES,
        timeoutMs: TIMEOUT_MS,
        accepts: () => true,
        userAgent: 'Sextant (connects an account at a tool server)',
      });
    opened.set(key, reached);
    return reached;
  };
  return {
    async fetch(asked, init = {}) {
      const target = new URL(asked);
      const { method = 'GET', body } = init;
      const sending = {
        method,
        headers: Object.fromEntries(new Headers(init.headers)),
        ...(body != null && { body: String(body) }),
      };
      const signal = init.signal ?? new AbortController().signal;
      const {
        status,
        headers,
        body: content,
      } = await reach(target.origin, target.host).send(target.href, sending, signal);
      const answered = new Headers();
      for (const [name, value] of Object.entries(headers)) {
        for (const one of [value ?? []].flat()) answered.append(name, one);
      }
      const isEmpty = status === 204 || status === 205 || status === 304 || status < 200;
      return new Response(isEmpty ? null : new Uint8Array(content), {
        status: Math.max(status, 200),
        headers: answered,
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...opened.values()].map((one) => one[Symbol.asyncDispose]()));
    },
  };
}
