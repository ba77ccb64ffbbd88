/** What stands for no more than that the server is there; `[DONE]` may stand behind a chunk. */
const ALIVE = /^\s*(?:null|""|\[?(?:ping|keep-?alive|heartbeat)\]?|\[DONE\])?\s*$/i;

/**
 * Returns what an event of a provider says, which is JSON: nothing where it is a sign of life, and more than one text
 * where its server forgot the empty line between two events.
 */
export function dataIn(data: string): readonly string[] {
  if (ALIVE.test(data)) return [];
  return data.includes('\n') && !isJson(data) ? data.split('\n').filter((line) => !ALIVE.test(line)) : [data];
}

/** Returns whether a text is JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
