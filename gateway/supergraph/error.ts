/** A supergraph that cannot be used. Each problem is one line that says where it is and what is wrong. */
export class SupergraphError extends Error {
  override name = 'SupergraphError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const lines = problems.map((problem) => problem.replace(/\s*\n\s*/g, ' ').trim());
    super(lines.join('\n'));
    this.problems = lines;
  }
}

/** Returns the message of what was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
