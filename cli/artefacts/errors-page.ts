import { ERROR_CODES } from '#platform/base/errors/errors.ts';

/** Returns docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { status, meaning }]) => `| \`${code}\` | ${status} | ${meaning} |`,
  );
  return `# Error codes

Expected failures are GraphQL errors with a stable \`extensions.code\`. Rely on the code; the message is for people.
Anything unexpected is masked as \`INTERNAL_SERVER_ERROR\` with an \`errorId\` that is in the log. This page is generated from
\`platform/base/errors/errors.ts\` by \`npm run codegen\`.

The status is that of the HTTP answer where the failure is the whole answer. An answer with \`data\` has 200,
and so has the refusal of a document as \`application/json\`.

| code | status | meaning |
|---|---|---|
${rows.join('\n')}
`;
}

/** Returns the catalogue as the client package has it: that package imports nothing of the server. */
export function clientErrorCodes(): string {
  const codes = Object.entries(ERROR_CODES).map(([code, { meaning }]) => `  /** ${meaning} */\n  | '${code}'`);
  return `// Made of the server's catalogue by \`npm run codegen\`.\n\n/** The codes of expected failures. */\nexport type ErrorCode =\n${codes.join('\n')};\n`;
}
