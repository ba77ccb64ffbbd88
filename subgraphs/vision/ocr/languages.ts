import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Config } from '#platform/base/config/config.ts';

/** The languages whose texts can be read here, by the code that Tesseract gives them: `eng`, `deu`, `chi_sim`. */
export interface OcrLanguages {
  /** All that are there. */
  readonly installed: readonly string[];
  /** Those that texts are taken to be in, the most probable first. */
  readonly used: readonly string[];
  /** Those that OCR_LANGUAGES names and that are not there. */
  readonly missing: readonly string[];
  /** Returns the file of the engine's data of one. */
  fileOf(language: string): string;
}

const SCOPE = '@tesseract.js-data';
const TRAINED = /^([a-z]{3}(?:_[a-z0-9_]+)?)\.traineddata(\.gz)?$/i;
/** The data for the neural method alone; the other is three times as large and for the old one too. */
const VARIANTS = ['4.0.0_best_int', '4.0.0'];
/** They say how a page lies, and formulas: not languages. */
const NO_LANGUAGES = new Set(['osd', 'equ']);

/**
 * Finds the languages of installed packages `@tesseract.js-data/<language>`, of the program `tesseract` and of the
 * folder OCR_DATA. Those that the program alone has are used where OCR_LANGUAGES names them: a machine may have all
 * hundred, and each of them would have to be tried.
 *
 * @param programs the program's own folder of data.
 */
export function findLanguages(
  { OCR_DATA, OCR_LANGUAGES }: Pick<Config, 'OCR_DATA' | 'OCR_LANGUAGES'>,
  programs?: string,
): OcrLanguages {
  const [packaged, given] = [ofPackages(), OCR_DATA === undefined ? [] : ofFolder(OCR_DATA)];
  const files = new Map([...packaged, ...(programs === undefined ? [] : ofFolder(programs)), ...given]);
  for (const name of NO_LANGUAGES) files.delete(name);
  const installed = [...files.keys()].sort((a, b) => Number(b === 'eng') - Number(a === 'eng') || a.localeCompare(b));
  const own = new Set([...packaged, ...given].map(([language]) => language));
  const wanted = OCR_LANGUAGES.length === 0 ? installed.filter((language) => own.has(language)) : OCR_LANGUAGES;
  const used = wanted.filter((language) => files.has(language));
  return {
    installed,
    used: used.length > 0 ? used : installed.slice(0, 1),
    missing: wanted.filter((language) => !files.has(language)),
    fileOf(language) {
      const file = files.get(language);
      if (file === undefined) throw new Error(`there is no data to read ${language}`);
      return file;
    },
  };
}

function ofPackages(): [string, string][] {
  const require = createRequire(import.meta.url);
  const scope = path.dirname(path.dirname(require.resolve(`${SCOPE}/eng/package.json`)));
  return readdirSync(scope).flatMap((language) => {
    for (const variant of VARIANTS) {
      const file = path.join(scope, language, variant, `${language}.traineddata.gz`);
      if (existsSync(file)) return [[language, file] as [string, string]];
    }
    return [];
  });
}

const ofFolder = (folder: string): [string, string][] =>
  readdirSync(folder).flatMap((file) => {
    const language = TRAINED.exec(file)?.[1];
    return language === undefined ? [] : [[language, path.join(folder, file)] as [string, string]];
  });
