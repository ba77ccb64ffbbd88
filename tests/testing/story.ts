/** A text of many words, each different, so that a lost, doubled or swapped piece shows. */
export const story = (words: number): string[] =>
  Array.from({ length: words }, (_, i) => `${i === 0 ? '' : ' '}word${i}`);

/** What a client does with the events of `messageStream`: the rule of the schema's documentation. */
export class StreamedText {
  text = '';
  status: string | undefined;
  /** What the server sent that did not fit to what was there. */
  readonly faults: string[] = [];

  apply(event: {
    __typename?: string;
    snapshot?: boolean;
    text?: string;
    firstSeq?: number;
    lastSeq?: number;
    status?: string;
  }): void {
    if (event.status !== undefined) {
      this.status = event.status;
      if (event.lastSeq !== this.text.length)
        this.faults.push(`ended at ${event.lastSeq}, but ${this.text.length} are here`);
      return;
    }
    if (event.text === undefined || event.firstSeq === undefined) return;
    if (event.firstSeq !== this.text.length + 1) this.faults.push(`got ${event.firstSeq} after ${this.text.length}`);
    if (event.lastSeq !== event.firstSeq - 1 + event.text.length) this.faults.push(`counted ${event.lastSeq} wrongly`);
    this.text = this.text.slice(0, event.firstSeq - 1) + event.text;
  }
}
