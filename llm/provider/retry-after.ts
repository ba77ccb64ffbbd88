/** A provider that asks for more than a day is not believed. */
const MAX_RETRY_AFTER_MS = 86_400_000;

/** Returns how long a provider asks to wait: `retry-after-ms`, else `retry-after` in seconds or as a date. */
export function retryAfter(headers: Headers | undefined, now = Date.now()): number | undefined {
  const inMs = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  const text = headers?.get('retry-after') ?? '';
  const seconds = Number(text);
  const wait = !Number.isNaN(inMs)
    ? inMs
    : text === ''
      ? Number.NaN
      : Number.isNaN(seconds)
        ? Date.parse(text) - now
        : seconds * 1000;
  return believed(wait);
}

/** Returns the wait that words name: `try again in 7m12.5s` (OpenAI, Groq), `"retryDelay": "37s"` (Gemini). */
export function waitIn(message: string): number | undefined {
  const words =
    /(?:try again|retry) (?:in|after) (?:(\d+)h)?\s?(?:(\d+)m(?!s))?\s?(?:([\d.]+)\s?(ms|s))?/i.exec(message) ??
    /retryDelay"?: ?"?()()([\d.]+)(s)/.exec(message);
  if (!words) return undefined;
  const [hours, minutes, amount] = words.slice(1, 4).map((part) => Number(part || 0)) as [number, number, number];
  const wait = hours * 3_600_000 + minutes * 60_000 + amount * (words[4] === 'ms' ? 1 : 1000);
  return wait > 0 ? believed(wait) : undefined;
}

const believed = (wait: number): number | undefined =>
  wait >= 0 && wait <= MAX_RETRY_AFTER_MS ? Math.ceil(wait) : undefined;
