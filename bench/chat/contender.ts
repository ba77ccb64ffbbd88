/** What the database has done so far. */
export interface Work {
  readonly transactions: number;
  readonly syncs: number;
  readonly walBytes: number;
}

/** One person in one conversation. */
export interface Talk {
  /**
   * Sends a message, and follows the reply to its end.
   *
   * @returns what the time to the first token had to do with everything but the provider, in ms.
   */
  say(text: string): Promise<number>;
}

/** A server of chats that is measured, with all its processes. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  /** The ids of its processes, by name. */
  readonly processes: ReadonlyMap<string, number>;
  /** Begins as many conversations, by as many connections. */
  talks(count: number): Promise<Talk[]>;
  work(): Promise<Work>;
}

/**
 * The first piece of the provider says when the request reached it, and when the piece left: see bench/llm/provider.ts.
 */
const FIRST = /^\{"received":([\d.]+),"sent":([\d.]+)\}/;

/** The part of the time to the first token that is not the provider's, both ways. */
export function addedBy(sentAt: number, shownAt: number, text: string): number {
  const [, received, sent] = FIRST.exec(text)!;
  return Number(received) - sentAt + (shownAt - Number(sent));
}
