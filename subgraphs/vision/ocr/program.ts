import { access, constants, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '#platform/base/config/config.ts';
import { runProgram } from './run-program.ts';

/** A program `tesseract` that can read pages here. */
export interface OcrProgram {
  /** The file. */
  readonly file: string;
  /** As it says, `5.3.0`. */
  readonly version: string;
  /** The folder of its own language data, where it names one. */
  readonly dataFolder: string | undefined;
}

/** The outcome of the search for the program that OCR_PROGRAM means. */
export interface FoundProgram {
  readonly program?: OcrProgram;
  /** Why one that is there, or that is named, is not used. */
  readonly problem?: string;
}

/** The first whose results, as TSV with words and boxes, are those of the engine in WebAssembly. */
const OLDEST = 5;
const PROBE = { timeoutMs: 5_000, maxBytes: 65_536 };
const NAME = process.platform === 'win32' ? 'tesseract.exe' : 'tesseract';
const VERSION = /^tesseract v?(\d+)(\.[\w.-]+)?/m;
/** As it begins its list of languages. */
const DATA_FOLDER = /^List of available languages in "(.+)"/m;

/** Finds the program `tesseract` that OCR_PROGRAM names, or one on the PATH, and asks it for its version. */
export async function findProgram({ OCR_PROGRAM }: Pick<Config, 'OCR_PROGRAM'>): Promise<FoundProgram> {
  if (OCR_PROGRAM === 'off') return {};
  const file = OCR_PROGRAM === 'auto' ? await onPath() : path.resolve(OCR_PROGRAM);
  if (file === undefined) return {};
  if (!(await isExecutable(file))) return { problem: `${file} is not there, or may not be run` };
  try {
    const version = VERSION.exec(await said(file, '--version'));
    if (version === null) return { problem: `${file} says no version of Tesseract` };
    const [, major, rest = ''] = version;
    if (Number(major) < OLDEST) return { problem: `${file} is version ${major}${rest}; ${OLDEST} is the oldest` };
    const dataFolder = DATA_FOLDER.exec(await said(file, '--list-langs'))?.[1];
    // It names the folder even where it is not there.
    if (dataFolder !== undefined) await readdir(dataFolder);
    return { program: { file, version: `${major}${rest}`, dataFolder } };
  } catch (error) {
    return { problem: `${file} cannot be used: ${error instanceof Error ? error.message : String(error)}` };
  }
}

const said = async (file: string, question: string): Promise<string> =>
  (await runProgram(file, [question], PROBE)).toString();

async function onPath(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    // A folder that depends on where the server was started is not looked into.
    if (path.isAbsolute(folder) && (await isExecutable(path.join(folder, NAME)))) return path.join(folder, NAME);
  }
  return undefined;
}

const isExecutable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
