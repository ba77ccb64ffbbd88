import { CodedError } from '#platform/base/errors/errors.ts';
import { NotFetched, PublicFetch } from '#platform/net/outbound/public-fetch.ts';
import type { Provider } from '../catalogue/catalogue.ts';

/** As large as an image of a person may be. */
const MAX_BYTES = 25 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
const DATA = /^data:[^,]*;base64,/i;

/**
 * Reads an image that a provider hands out a link to. Where the link, or what it leads on to, may point is not the
 * provider's to say: it is the server that the administrator has written, or one of the public internet.
 *
 * @throws {CodedError} PROVIDER_UNAVAILABLE.
 */
export async function fetchImage(
  url: string,
  provider: Provider,
  signal: AbortSignal = new AbortController().signal,
): Promise<Uint8Array> {
  const data = DATA.exec(url);
  if (data) return Uint8Array.from(Buffer.from(url.slice(data[0].length), 'base64'));
  await using images = new PublicFetch({
    trusted: [new URL(provider.baseUrl).host],
    maxBytes: MAX_BYTES,
    timeoutMs: TIMEOUT_MS,
    accepts: () => true,
    accept: 'image/*',
    userAgent: 'Sextant (fetches a generated image)',
  });
  const { body, isCut } = await images.get(url, signal).catch((error: unknown) => {
    throw error instanceof NotFetched ? notHandedOver(error.message) : error;
  });
  if (isCut) throw notHandedOver(`It is larger than ${MAX_BYTES} bytes.`);
  return body;
}

const notHandedOver = (why: string): CodedError =>
  new CodedError('PROVIDER_UNAVAILABLE', `The provider made the image but did not hand it over. ${why}`);
