import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { makeDataFolder } from '../../base/files/make-folder.ts';
import type { Chunk } from './stream-log.ts';

/** The chunks of one stream, the first of which has the number `first`. */
export interface StreamRecord {
  readonly stream: string;
  readonly epoch: number;
  readonly first: number;
  readonly chunks: readonly Chunk[];
}

/** A stream as an earlier process left it. */
export interface LeftStream {
  readonly epoch: number;
  readonly chunks: readonly Chunk[];
}

/** A file is followed by the next one at this size, so that what is over can be deleted while others go on. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
const SEGMENT = /^(\d+)\.jsonl$/;

/**
 * The streams of one process in files. What `write` was given outlives the process, because the operating system has
 * it; a power cut may take the last of it, as it takes the streams' readers. A file is deleted when none of its streams
 * goes on: the database has their words then.
 */
export class StreamFile {
  readonly #directory: string;
  /** Streams that go on, by the files that have something of them. */
  readonly #segments = new Map<number, Set<string>>();
  #number = 1;
  #descriptor: number | undefined;
  #size = 0;
  /** Whether the last write was cut short: what it left is kept apart from what follows. */
  #torn = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Reads what earlier processes left. Called once, before anything is written. */
  load(): Map<string, LeftStream> {
    makeDataFolder(this.#directory);
    const numbers = readdirSync(this.#directory).flatMap((name) => SEGMENT.exec(name)?.[1] ?? []);
    const streams = new Map<string, { epoch: number; chunks: Chunk[] }>();
    for (const number of numbers.map(Number).sort((a, b) => a - b)) {
      this.#number = number + 1;
      const names = new Set<string>();
      for (const record of recordsOf(readFileSync(this.#pathOf(number), 'utf8'))) {
        const known = streams.get(record.stream) ?? { epoch: record.epoch, chunks: [] };
        streams.set(record.stream, known);
        names.add(record.stream);
        known.epoch = Math.max(known.epoch, record.epoch);
        // What was written again after a failure is there already; after a gap nothing was shown to readers.
        const news = record.chunks.slice(known.chunks.length + 1 - record.first);
        if (record.first <= known.chunks.length + 1) known.chunks.push(...news);
      }
      if (names.size === 0) this.#delete(number);
      else this.#segments.set(number, names);
    }
    return streams;
  }

  /**
   * Writes chunks. When it returns they outlive the process.
   *
   * @throws {Error} of the file system; nothing of it counts then.
   */
  write(records: readonly StreamRecord[]): void {
    if (this.#size > SEGMENT_BYTES) this.#next();
    this.#descriptor ??= openSync(this.#pathOf(this.#number), 'a', 0o600);
    const names = this.#segments.get(this.#number) ?? new Set();
    this.#segments.set(this.#number, names);
    for (const { stream } of records) names.add(stream);
    const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('');
    const bytes = Buffer.from(this.#torn ? `\n${lines}` : lines);
    this.#torn = true;
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#descriptor, bytes, written);
    this.#torn = false;
    this.#size += bytes.length;
  }

  /** The stream is over, and its words are elsewhere. */
  forget(stream: string): void {
    for (const [number, names] of this.#segments) {
      if (!names.delete(stream) || names.size > 0) continue;
      if (number !== this.#number) {
        this.#segments.delete(number);
        this.#delete(number);
      } else if (this.#descriptor !== undefined) {
        ftruncateSync(this.#descriptor);
        this.#size = 0;
        this.#torn = false;
      }
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #next(): void {
    this.close();
    this.#number++;
    this.#size = 0;
    this.#torn = false;
  }

  #delete(number: number): void {
    rmSync(this.#pathOf(number), { force: true });
  }

  #pathOf(number: number): string {
    return path.join(this.#directory, `${number}.jsonl`);
  }
}

/** The records of a file. The last line of a killed process, and what a full disk cut short, are not. */
function* recordsOf(text: string): Generator<StreamRecord> {
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      yield JSON.parse(line) as StreamRecord;
    } catch {
      // Cut short: readers were shown nothing of it.
    }
  }
}
