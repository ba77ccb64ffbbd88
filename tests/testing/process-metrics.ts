import { setTimeout as sleep } from 'node:timers/promises';

/** The value of a metric of a running process, summed over the label sets that have all these labels. */
export async function metricOf(url: string, name: string, labels: Record<string, string> = {}): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return lines
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

const LOOK_MS = 200;

/** Follows how much memory a process holds, from its own metrics. */
export class MemoryWatch implements AsyncDisposable {
  #peak = 0;
  #open = true;
  readonly #loop: Promise<void>;

  constructor(url: string) {
    this.#loop = this.#follow(url);
  }

  /** The most since the last call, in megabytes. */
  takePeak(): number {
    const peak = this.#peak;
    this.#peak = 0;
    return peak;
  }

  async #follow(url: string): Promise<void> {
    while (this.#open) {
      // It may be restarting.
      const bytes = await metricOf(url, 'process_resident_memory_bytes').catch(() => 0);
      this.#peak = Math.max(this.#peak, bytes / 1e6);
      await sleep(LOOK_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    await this.#loop;
  }
}
