import type { BuildOptions } from 'esbuild';

/**
 * V8 keeps the text of all code, and for each file that was in a stack trace where its lines begin. Names stay as they
 * are: stack traces and logs show them.
 */
export const SMALLER = {
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 240,
  legalComments: 'none',
} satisfies BuildOptions;
