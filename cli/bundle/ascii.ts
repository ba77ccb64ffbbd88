import { transform } from 'esbuild';

const BEYOND = /(\\*)([^\0-\x7f])/g;
const HEX = 16;

const countBeyond = (code: string): number => code.match(/[^\0-\x7f]/g)?.length ?? 0;

/**
 * Writes characters of regular expressions beyond ASCII as escapes, `\u4f60`, in code that a bundler has written: it
 * does so for strings alone. V8 keeps a text of ASCII with one byte a character, any other may cost two; and the entry
 * reads the command so (bundled.ts).
 *
 * @throws if a template with a tag has such characters: a tag may look at how they are written.
 */
export async function inAscii(code: string): Promise<string> {
  const beyond = countBeyond(code);
  if (beyond === 0) return code;
  // Templates become strings, and the bundler writes those in ASCII.
  const { code: withoutTemplates } = await transform(code, {
    supported: { 'template-literal': false },
    legalComments: 'none',
    logLevel: 'error',
  });
  if (countBeyond(withoutTemplates) !== beyond)
    throw new Error('A template with a tag has characters beyond ASCII: write them as escapes, or without the tag.');
  // An escaped character that needs none, `\。`, is itself.
  return code.replace(
    BEYOND,
    (_, slashes: string, character: string) =>
      `${slashes.length % 2 === 0 ? slashes : slashes.slice(1)}\\u${character.charCodeAt(0).toString(HEX).padStart(4, '0')}`,
  );
}
