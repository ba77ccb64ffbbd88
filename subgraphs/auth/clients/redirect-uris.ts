/** Longest URI that is taken, in characters. */
export const MAX_REDIRECT_URI = 500;

/** Schemes that a browser acts on itself, where an answer would be run, or read by no app. */
const NOT_AN_APP = new Set(
  'about blob data file filesystem ftp javascript mailto tel vbscript view-source ws wss'
    .split(' ')
    .map((s) => `${s}:`),
);
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const ANSWERS = ['code', 'state', 'iss', 'error'];
/** What a URL parser lets through in a host besides is in no name of a host. */
const PLAIN_HOST = /^[\w.:[\]-]*$/;

/** Returns whether a URI leads to a program on the person's own device. */
export const isLoopback = (url: URL): boolean => url.protocol === 'http:' && LOOPBACK.has(url.hostname);

/**
 * Returns what is wrong with a URI that a code is to be sent to; undefined where nothing is. It is https, or http on
 * the person's own device, or of a scheme that an app has for itself.
 */
export function redirectProblem(text: string): string | undefined {
  if (text.length > MAX_REDIRECT_URI) return `is longer than ${MAX_REDIRECT_URI} characters.`;
  const url = URL.parse(text);
  if (!url || /[\s\p{Cc}"'<>\\]/u.test(text)) return 'is not a URI.';
  if (text.includes('#')) return 'has a fragment.';
  if (url.username || url.password) return 'has credentials.';
  if (NOT_AN_APP.has(url.protocol)) return `has the scheme ${url.protocol}, which leads to no app.`;
  if (url.protocol === 'http:' && !isLoopback(url)) return 'is http; that is for localhost alone.';
  const taken = ANSWERS.find((name) => url.searchParams.has(name));
  if (taken !== undefined) return `has the parameter ${taken}, which the answer has.`;
  if (!PLAIN_HOST.test(url.host)) return 'has a host that is none.';
  return undefined;
}

/**
 * Returns whether a code may be sent there: to one of the app's own URIs, to the letter. On the person's device the
 * port may be another one, since a program takes what is free (RFC 8252, 7.3).
 */
export function isOneOf(asked: string, own: readonly string[]): boolean {
  if (own.includes(asked)) return true;
  const url = URL.parse(asked);
  if (!url || !isLoopback(url) || redirectProblem(asked) !== undefined) return false;
  return own.some((one) => {
    const known = URL.parse(one);
    return known !== null && isLoopback(known) && withoutPort(known) === withoutPort(url);
  });
}

const withoutPort = (url: URL): string => `${url.hostname}${url.pathname}${url.search}`;
