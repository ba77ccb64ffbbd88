import { fsync, fsyncSync } from 'node:fs';

/**
 * The group commit of the embedded database. Postgres asks for its log to reach the disk at each commit. That is put
 * off until something depends on it: an answer that leaves the database, or a change of any other file, which must
 * never be ahead of the log. So one sync serves all commits since the last, and the database works on meanwhile.
 */
export class LogSync {
  readonly #count: Int32Array<ArrayBufferLike>;
  /** Descriptors of files of the log whose sync is put off. */
  readonly #due = new Set<number>();
  /** Those whose sync is under way. */
  readonly #underWay = new Set<number>();

  /** @param count of syncs so far, in memory that others may share. */
  constructor(count: Int32Array<ArrayBufferLike>) {
    this.#count = count;
  }

  /** Whether a commit may not have reached the disk. */
  get pending(): boolean {
    return this.#due.size + this.#underWay.size > 0;
  }

  /** Postgres asks for a sync. */
  ask(descriptor: number): void {
    this.#due.add(descriptor);
  }

  /** Makes the log durable now: something else is about to be written. */
  now(): void {
    if (!this.pending) return;
    for (const descriptor of new Set([...this.#due, ...this.#underWay])) this.#sync(descriptor);
    this.#due.clear();
  }

  /** A file of the log is about to be closed. */
  closing(descriptor: number): void {
    const due = this.#due.delete(descriptor);
    // What is under way may find the descriptor closed; then this has done its work.
    if (this.#underWay.delete(descriptor) || due) this.#sync(descriptor);
  }

  /**
   * Makes the log durable beside other work. Resolves when everything asked for so far has reached the disk.
   *
   * @throws {Error} of the file system. What was committed may be lost then.
   */
  async later(): Promise<void> {
    const descriptors = [...this.#due];
    this.#due.clear();
    await Promise.all(descriptors.map((descriptor) => this.#syncLater(descriptor)));
  }

  #syncLater(descriptor: number): Promise<void> {
    this.#underWay.add(descriptor);
    Atomics.add(this.#count, 0, 1);
    return new Promise((resolve, reject) => {
      fsync(descriptor, (error) => {
        if (this.#underWay.delete(descriptor) && error) reject(error);
        else resolve();
      });
    });
  }

  #sync(descriptor: number): void {
    Atomics.add(this.#count, 0, 1);
    fsyncSync(descriptor);
  }
}
