interface Asked<Answer> {
  open: number;
  latest: { readonly turn: number; readonly answer: Answer } | undefined;
}

/**
 * The answers to equal questions, in the order in which they were asked: one that is overtaken by the answer to a later
 * question is replaced by it. A page that reads again after a change would show what was before it otherwise.
 */
export class AnswersInOrder<Answer> {
  readonly #asked = new Map<string, Asked<Answer>>();
  #turns = 0;

  /**
   * Asks.
   *
   * @param key equal for questions whose answers stand for each other.
   */
  async ask(key: string, question: () => Promise<Answer>): Promise<Answer> {
    const asked = this.#asked.get(key) ?? { open: 0, latest: undefined };
    this.#asked.set(key, asked);
    const turn = this.#turns++;
    asked.open++;
    try {
      const answer = await question();
      if (asked.latest && asked.latest.turn > turn) return asked.latest.answer;
      asked.latest = { turn, answer };
      return answer;
    } finally {
      if (--asked.open === 0) this.#asked.delete(key);
    }
  }
}
