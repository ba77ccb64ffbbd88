/** A statement is prepared when it has come so often in a process. */
const OFTEN = 10;
/** Most texts that are counted: lists of many lengths make many texts of one statement. */
const MAX_COUNTED = 1_000;

/**
 * The names of the statements that come often, for the connections of one role: Postgres parses such a statement once
 * for each connection, and its plan is kept.
 */
export class StatementNames {
  readonly #owner: string;
  readonly #most: number;
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /**
   * @param owner whose statements they are: where a session serves several owners, their names differ.
   * @param most statements that get a name: each costs Postgres some tens of KB for each session.
   */
  constructor(owner: string, most: number) {
    this.#owner = owner;
    this.#most = most;
  }

  /**
   * Returns the name of a statement; none for what is not prepared, as what has no parameters: it costs less as it is.
   */
  of(sql: string, parameters: number): string {
    if (parameters === 0) return '';
    const name = this.#names.get(sql);
    if (name !== undefined || this.#names.size >= this.#most) return name ?? '';
    const count = (this.#counts.get(sql) ?? 0) + 1;
    if (count < OFTEN) {
      if (count === 1 && this.#counts.size >= MAX_COUNTED) this.#counts.clear();
      this.#counts.set(sql, count);
      return '';
    }
    this.#counts.delete(sql);
    const given = `${this.#owner}_${this.#names.size + 1}`;
    this.#names.set(sql, given);
    return given;
  }
}
