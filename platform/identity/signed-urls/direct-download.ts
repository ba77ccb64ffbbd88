/** Seconds that a link of the storage itself works: long enough to begin the download. */
export const DIRECT_S = 60;

/** Sends a client on to the storage. The answer is not kept, because the link ends soon. */
export const seeOther = (url: string): Response =>
  new Response(null, {
    status: 303,
    headers: { location: url, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  });
