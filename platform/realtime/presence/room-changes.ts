import type { RedisRooms } from './redis-rooms.ts';
import type { Connection } from './roster.ts';

/** Connections that are written by one round trip. */
const MAX_WRITTEN = 500;
/** Rest after a round trip that failed, in ms: a server that answers late is not asked for more. */
const REST_MS = 250;

interface Change {
  readonly room: string;
  /** Undefined when it has left. */
  connection: Connection | undefined;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * The news that this process has to tell Redis about its connections. One round trip is under way at a time, for all
 * that came meanwhile: ten thousand that come back at once cost some tens of commands, and a Redis that does not keep
 * up is not asked for more. A connection that changes again while it waits is written once, as it is then.
 */
export class RoomChanges {
  readonly #rooms: Pick<RedisRooms, 'write'>;
  /** Told of the rooms that changed, each once for all changes of a round trip. */
  readonly #changed: (room: string) => void;
  #waiting = new Map<string, Change>();
  #writing = false;

  constructor(rooms: Pick<RedisRooms, 'write'>, changed: (room: string) => void) {
    this.#rooms = rooms;
    this.#changed = changed;
  }

  /**
   * Writes a connection, or removes it. Resolves when Redis has it; rejects when this was tried once and failed.
   *
   * @param connection undefined when it has left.
   */
  set(room: string, id: string, connection: Connection | undefined): Promise<void> {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) {
      waiting.connection = connection;
      return waiting.done.promise;
    }
    const change: Change = { room, connection, done: Promise.withResolvers() };
    this.#waiting.set(id, change);
    if (!this.#writing) {
      this.#writing = true;
      void this.#writeUntilQuiet();
    }
    return change.done.promise;
  }

  async #writeUntilQuiet(): Promise<void> {
    // What the same turn of the loop brings goes along.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, MAX_WRITTEN);
      for (const [id] of batch) this.#waiting.delete(id);
      try {
        await this.#rooms.write(batch.map(([id, { room, connection }]) => ({ room, id, connection })));
        for (const room of new Set(batch.map(([, { room }]) => room))) this.#changed(room);
        for (const [, { done }] of batch) done.resolve();
      } catch (error) {
        for (const [, { done }] of batch) done.reject(error);
        await new Promise((resolve) => setTimeout(resolve, REST_MS));
      }
    }
    this.#writing = false;
  }
}
