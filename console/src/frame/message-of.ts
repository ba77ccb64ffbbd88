/** Returns what an error says to people, who do not know the names of the API: `input.password` is the password. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(
    /^input\.(?:\w+\.)*(\w)(\w*)/,
    (_, first: string, rest: string) => first.toUpperCase() + rest,
  );
