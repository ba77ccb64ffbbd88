/** The comment at the beginning of a .graphql file. */
export interface Notes {
  readonly lines: readonly string[];
  /** What lines such as `# limits: {…}` hold. */
  readonly notes: Readonly<Record<string, unknown>>;
}

/**
 * Reads the comment at the beginning of a .graphql file.
 *
 * @param names of the lines that hold JSON.
 * @throws {Error} naming the file and the line that is not JSON.
 */
export function readNotes(file: string, text: string, names: readonly string[]): Notes {
  const lines: string[] = [];
  const notes: Record<string, unknown> = {};
  for (const line of text.split('\n')) {
    if (!line.startsWith('#')) break;
    const [, name = '', json = ''] = /^#\s*(\w+): (.*)$/.exec(line) ?? [];
    if (!names.includes(name)) {
      lines.push(line);
      continue;
    }
    try {
      notes[name] = JSON.parse(json);
    } catch {
      throw new Error(`${file} has ${name} that are not JSON on one line.`);
    }
  }
  return { lines, notes };
}
