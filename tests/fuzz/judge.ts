import { metricOf } from '../testing/process-metrics.ts';
import type { RunningGraph } from '../testing/sextant.ts';

/** Words of the engine, its libraries and drivers: what a client must never read. */
const ENGINE_WORDS =
  /Maximum call stack|RangeError|TypeError|SyntaxError:|ReferenceError|Cannot (read|convert|set) |is not (a function|iterable)|node:internal|\bat [\w.<>]+ \(|ERR_[A-Z_]{4,}|ECONN|[Pp]risma|PGlite|invalid byte sequence|unsupported Unicode|\/work\/|node_modules/;
const INTERNAL = /"code":"INTERNAL_SERVER_ERROR"/;

/** Something that must not be, with what was sent. */
export interface Fault {
  readonly problem: string;
  readonly input: string;
}

const HEALTH_EVERY_MS = 100;
const HEALTH_TIMEOUT_MS = 20_000;
/**
 * A loop is held when `/health` takes longer, and the product has computed for so long meanwhile: not on a busy
 * machine.
 */
const MAX_HEALTH_MS = 3_000;
/** Characters of an input that are printed. */
const MAX_PRINT = 2_000;
/** In megabytes: what caches of bounded size may grow to in a run. */
const MAX_GROWTH_MB = 600;

/** Watches the product while it is fuzzed, and judges what it answers. */
export class Judge implements AsyncDisposable {
  readonly faults: Fault[] = [];
  /** Longest time that `/health` took, in milliseconds. */
  slowest = 0;
  readonly #graph: RunningGraph;
  readonly #watching: Promise<void>;
  readonly #before: Promise<number>;
  #open = true;
  #read = 0;
  #last = '';

  constructor(graph: RunningGraph) {
    this.#graph = graph;
    this.#before = this.memory();
    this.#watching = this.#watch();
  }

  /** What is being sent: named when the product ends or hangs meanwhile. */
  sending(input: string): void {
    this.#last = input;
  }

  fault(problem: string, input: string): void {
    this.faults.push({ problem, input });
    console.error(`FAULT ${problem}\n${input.slice(0, MAX_PRINT)}\n`);
  }

  /** Judges an answer to a client. */
  answer(status: number | undefined, text: string, input: string): void {
    const words = ENGINE_WORDS.exec(text) ?? INTERNAL.exec(text);
    if (words) this.fault(`an answer says "${words[0]}": ${text.slice(0, 300)}`, input);
    else if (status === 500) this.fault(`answered with ${status}: ${text.slice(0, 300)}`, input);
  }

  /** Resident memory of the product, in megabytes. */
  async memory(): Promise<number> {
    return (await metricOf(this.#graph.url, 'process_resident_memory_bytes')) / 1e6;
  }

  /** The end of a run: judges memory and log. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    await this.#watching;
    this.#readLog();
    const [before, after] = [await this.#before, await this.memory().catch(() => Number.NaN)];
    console.log(`memory went from ${before.toFixed(0)} to ${after.toFixed(0)} MB`);
    if (!(after - before < MAX_GROWTH_MB)) {
      this.fault(`memory went from ${before.toFixed(0)} to ${after.toFixed(0)} MB`, 'the whole run');
    }
  }

  async #watch(): Promise<void> {
    while (this.#open) {
      const computed = await this.#computed().catch(() => Number.NaN);
      const started = performance.now();
      const meanwhile = this.#last;
      const health = await fetch(`${this.#graph.url}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) }).then(
        (answer) => answer.status,
        (error: unknown) => error,
      );
      const ms = performance.now() - started;
      this.slowest = Math.max(this.slowest, ms);
      const inputs = `${meanwhile}\n… to …\n${this.#last}`;
      if (health !== 200) {
        this.fault(`/health: ${String(health)}`, inputs);
        this.#open = false;
      } else if (ms > MAX_HEALTH_MS) {
        const cpu = (await this.#computed()) - computed;
        if (cpu > MAX_HEALTH_MS)
          this.fault(`/health took ${ms.toFixed(0)} ms, ${cpu.toFixed(0)} of them computing`, inputs);
      }
      this.#readLog();
      await new Promise((resolve) => setTimeout(resolve, HEALTH_EVERY_MS));
    }
  }

  /** Processor time of the product, in milliseconds. */
  async #computed(): Promise<number> {
    return (await metricOf(this.#graph.url, 'process_cpu_seconds_total')) * 1_000;
  }

  /** Errors in the log are faults, whatever the client was told. */
  #readLog(): void {
    for (const { output } of this.#graph.processes.values()) {
      for (const line of output.slice(this.#read)) {
        if (/"level":(50|60)/.test(line)) this.fault(`the log says ${line.slice(0, 1_000)}`, this.#last);
      }
      this.#read = output.length;
    }
  }
}
