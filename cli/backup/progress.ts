const DRAWN_EVERY_MS = 100;
const WIDTH = 24;

/** A line on the terminal that tells how far a long command is; where there is no terminal, nothing is written. */
export class Progress {
  readonly #out: NodeJS.WriteStream;
  #drawnAt = 0;
  #drawn = false;

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  /** @param total undefined where it is not known. */
  show(what: string, done: number, total?: number, unit = ''): void {
    if (!this.#out.isTTY) return;
    const now = performance.now();
    if (this.#drawn && now - this.#drawnAt < DRAWN_EVERY_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    const share = total === undefined || total === 0 ? undefined : Math.min(done / total, 1);
    const bar =
      share === undefined
        ? ''
        : `[${'█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '·')}] ${Math.floor(share * 100)} % `;
    const line = `${what}  ${bar}${done.toLocaleString('en')}${total === undefined ? '' : ` of ${total.toLocaleString('en')}`} ${unit}`;
    this.#out.write(`\r\u001b[K${line.slice(0, this.#out.columns - 1)}`);
  }

  /** Removes the line, so that what is printed next stands alone. */
  clear(): void {
    if (this.#drawn) this.#out.write('\r\u001b[K');
    this.#drawn = false;
  }
}
