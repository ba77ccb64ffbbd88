import { existsSync, globSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createOcrEngine } from './engine.ts';
import { findLanguages } from './languages.ts';
import { findProgram } from './program.ts';
import { createProgramEngine } from './program-engine.ts';
import { LazyReading, openReading } from './reading.ts';
import { readText } from './recognise.ts';
import { runProgram } from './run-program.ts';

const log = pino({ level: 'silent' });
const page = await readFile(new URL('../testing/page.png', import.meta.url));
const languages = findLanguages({ OCR_LANGUAGES: [], OCR_DATA: undefined });
const HANGS = 'sleep 1000';
const HEADER =
  'level\\tpage_num\\tblock_num\\tpar_num\\tline_num\\tword_num\\tleft\\ttop\\twidth\\theight\\tconf\\ttext\\n';
const VERSION = 'case "$1" in --version) echo "tesseract 5.3.0"; exit;; --list-langs) exit;; esac';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sextant-program-'));
  file = path.join(folder, 'tesseract');
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => rm(file, { force: true }));

/** Installs a program that answers as Tesseract does when it is asked for its version, and then does what is given. */
async function install(script: string, version = VERSION): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${version}\n${script}\n`);
  await chmod(file, 0o755);
}

describe.skipIf(process.platform === 'win32')('the program', () => {
  const found = (OCR_PROGRAM: string) => findProgram({ OCR_PROGRAM });

  it('is found by its path or on the PATH, is asked for its version, and may be left out', async () => {
    await install('exit 1');
    expect(await found(file)).toEqual({ program: { file, version: '5.3.0', dataFolder: undefined } });
    vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
    expect(await found('auto')).toMatchObject({ program: { file } });
    expect(await found('off')).toEqual({});
    vi.stubEnv('PATH', `.:${path.join(folder, 'none')}`);
    expect(await found('auto')).toEqual({});
    vi.unstubAllEnvs();
  });

  it.each([
    ['is not there', undefined, 'is not there'],
    ['is too old', 'echo "tesseract 4.1.1"', 'is version 4.1.1; 5 is the oldest'],
    ['is something else', 'echo hello', 'no version'],
    ['fails', 'echo "libtiff.so: not found" >&2; exit 127', 'exit code 127: libtiff.so: not found'],
    ['says too much', 'yes', 'wrote more than'],
  ])('is not used where it %s, and what is wrong is in /health', async (_, script, problem) => {
    if (script) await install('', script);
    await using reading = await openReading({
      config: { OCR_PROGRAM: file, OCR_LANGUAGES: [], OCR_DATA: undefined },
      log,
      size: 1,
    });
    expect(reading.health()).toEqual({ status: 'up', detail: expect.stringContaining(problem) });
    expect((await readText(page, reading.engine)).text).toContain('Invoice 2047');
  });

  it('is not used where the folder of its data is not there, and texts are read all the same', async () => {
    const gone = path.join(folder, 'gone');
    const names = `case "$1" in --list-langs) echo 'List of available languages in "${gone}/" (0):'; exit;; esac`;
    await install('exit 1', `${names}\n${VERSION}`);
    await using reading = new LazyReading({
      config: { OCR_PROGRAM: file, OCR_LANGUAGES: [], OCR_DATA: undefined },
      log,
      size: 1,
    });
    expect((await readText(page, (await reading.get()).engine)).text).toContain('Invoice 2047');
    expect(reading.health().detail).toContain(gone);
  });

  it('a folder OCR_DATA that is away for a while ends no recognition for good', async () => {
    const data = await mkdtemp(path.join(folder, 'data-'));
    await using reading = new LazyReading({
      config: { OCR_PROGRAM: 'off', OCR_LANGUAGES: [], OCR_DATA: data },
      log,
      size: 1,
    });
    await rm(data, { recursive: true });
    await expect(reading.get()).rejects.toThrow(data);
    await mkdir(data);
    expect((await reading.get()).languages.used).toContain('eng');
  });

  it('brings its own languages, which are used where they are named', async () => {
    const data = path.join(folder, 'data');
    const named = (...OCR_LANGUAGES: string[]) => findLanguages({ OCR_LANGUAGES, OCR_DATA: undefined }, data);
    await runProgram('mkdir', [data], { timeoutMs: 5_000, maxBytes: 100 });
    await writeFile(path.join(data, 'fra.traineddata'), '');
    expect(named().installed).toContain('fra');
    expect(named().used).not.toContain('fra');
    expect(named('fra').used).toEqual(['fra']);
    expect(named('fra').fileOf('fra')).toBe(path.join(data, 'fra.traineddata'));
  });
});

describe.skipIf(process.platform === 'win32')('a page that the program reads', () => {
  const ours = createOcrEngine({ log, languages });
  afterAll(() => ours[Symbol.asyncDispose]());
  /** Ours, which outlives each program. */
  const instead = { ...ours, [Symbol.asyncDispose]: () => Promise.resolve() };
  async function engineOf(script: string, timeoutMs?: number) {
    await install(script);
    const { program } = await findProgram({ OCR_PROGRAM: file });
    return createProgramEngine({ log, program: program!, languages, instead, ...(timeoutMs && { timeoutMs }) });
  }
  const read = (engine: ReturnType<typeof createProgramEngine>, signal?: AbortSignal) =>
    engine.recognise(page, { language: 'eng', signal });
  const texts = (lines: Awaited<ReturnType<typeof read>>) =>
    lines.map((line) => line.map(({ text }) => text).join(' '));

  it('comes from its table of words', async () => {
    const rows = [
      '4\\t1\\t1\\t1\\t1\\t0\\t1\\t2\\t99\\t9\\t-1\\t',
      '5\\t1\\t1\\t1\\t1\\t1\\t1\\t2\\t30\\t9\\t91.5\\tone',
      '5\\t1\\t1\\t1\\t1\\t2\\t40\\t2\\t30\\t9\\t95\\t ',
      '5\\t1\\t1\\t1\\t1\\t3\\t80\\t2\\t30\\t9\\t95\\t"two"',
      '5\\t1\\t2\\t1\\t1\\t1\\t1\\t20\\t30\\t9\\t12\\tthree',
    ];
    await using engine = await engineOf(`cat > /dev/null; printf '${HEADER}${rows.join('\\n')}\\n'`);
    const lines = await read(engine);
    expect(texts(lines)).toEqual(['one "two"', 'three']);
    expect(lines[0]![0]).toEqual({ text: 'one', confidence: 91.5, box: { x: 1, y: 2, width: 30, height: 9 } });
  });

  it.each([
    ['crashes', 'kill -SEGV $$', 'SIGSEGV'],
    ['is killed', 'kill -9 $$', 'SIGKILL'],
    ['fails', 'cat > /dev/null; echo "cannot load the language" >&2; exit 1', 'exit code 1: cannot load the language'],
    ['hangs, and what it started too', HANGS, 'did not end within 0.3 s'],
    ['says nothing', 'exit 0', 'cannot be understood'],
    ['says something else', 'cat > /dev/null; echo hello', 'cannot be understood'],
    ['writes without end', 'yes', 'wrote more than'],
    ['is gone', 'rm "$0"; exit 1', 'exit code 1'],
  ])('is read by the other engine where the program %s, and it is known why', async (_, script, why) => {
    await using engine = await engineOf(script, script === HANGS ? 300 : 30_000);
    expect(texts(await read(engine)).join('\n')).toContain('Invoice 2047');
    expect(engine.problem).toContain(why);
  });

  it('ends it when its caller leaves, and when the server stops', async () => {
    const pid = path.join(folder, 'pid');
    const isRunning = async () => existsSync(`/proc/${(await readFile(pid, 'utf8')).trim()}`);
    const script = `sleep 1000 & echo $! > ${pid}; wait`;
    const engine = await engineOf(script);
    const caller = new AbortController();
    const left = read(engine, caller.signal);
    await expect.poll(() => existsSync(pid)).toBe(true);
    caller.abort(new Error('the reader left'));
    await expect(left).rejects.toThrow('the reader left');
    if (process.platform === 'linux') await expect.poll(isRunning).toBe(false);
    await rm(pid);
    const stopped = read(engine);
    const outcome = expect(stopped).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect.poll(() => existsSync(pid)).toBe(true);
    await engine[Symbol.asyncDispose]();
    await outcome;
    if (process.platform === 'linux') await expect.poll(isRunning).toBe(false);
  });

  it('is not asked of a program that failed three in a row', async () => {
    const calls = path.join(folder, 'calls');
    await using engine = await engineOf(`echo call >> ${calls}; exit 1`);
    for (let i = 0; i < 5; i++) await read(engine);
    expect((await readFile(calls, 'utf8')).trim().split('\n')).toHaveLength(3);
  });

  it('goes to the program as a picture and never as a list of files, and no setting of the server reaches it', async () => {
    const seen = path.join(folder, 'environment');
    vi.stubEnv('JWT_SECRET', 'the-secret-of-the-server');
    await using engine = await engineOf(`env > ${seen}; exit 1`);
    await expect(engine.recognise(Buffer.from('/etc/passwd'), { language: 'eng' })).rejects.toThrow('PNG');
    expect(existsSync(seen)).toBe(false);
    await read(engine);
    vi.unstubAllEnvs();
    expect(await readFile(seen, 'utf8')).toContain('OMP_THREAD_LIMIT=1');
    expect(await readFile(seen, 'utf8')).not.toContain('the-secret');
  });

  it('finds its language unpacked, in a folder that is gone with the engine', async () => {
    const given = path.join(folder, 'arguments');
    const engine = await engineOf(`echo "$@" > ${given}; while [ "$1" != --tessdata-dir ]; do shift; done
      ls -l "$2" >> ${given}; exit 1`);
    await engine.recognise(page, { language: 'deu' });
    const said = await readFile(given, 'utf8');
    expect(said).toContain('deu.traineddata');
    const data = /--tessdata-dir (\S+)/.exec(said)![1]!;
    expect(globSync(path.join(data, '*'))).toHaveLength(1);
    await engine[Symbol.asyncDispose]();
    expect(existsSync(data)).toBe(false);
  });

  it('finds it unpacked again where the folder was removed meanwhile', async () => {
    const given = path.join(folder, 'arguments');
    await using engine = await engineOf(`while [ "$1" != --tessdata-dir ]; do shift; done
      echo "$2" > ${given}; ls "$2" >> ${given}; exit 1`);
    const folderGiven = async () => {
      await engine.recognise(page, { language: 'deu' });
      const [data = '', ...files] = (await readFile(given, 'utf8')).trim().split('\n');
      expect(files).toEqual(['deu.traineddata']);
      return data;
    };
    const first = await folderGiven();
    await rm(path.join(first, 'deu.traineddata'));
    const second = await folderGiven();
    expect(second).not.toBe(first);
    expect(existsSync(first)).toBe(false);
  });

  it('leaves no folder of data that cannot be unpacked', async () => {
    const temporary = await mkdtemp(path.join(folder, 'temporary-'));
    vi.stubEnv('TMPDIR', temporary);
    const broken = path.join(folder, 'broken.traineddata.gz');
    await writeFile(broken, 'not packed');
    await install('exit 1');
    const { program } = await findProgram({ OCR_PROGRAM: file });
    await using engine = createProgramEngine({ log, program: program!, languages: { fileOf: () => broken }, instead });
    for (let i = 0; i < 2; i++) expect(texts(await read(engine)).join('\n')).toContain('Invoice 2047');
    expect(globSync(path.join(temporary, 'sextant-ocr-*'))).toEqual([]);
    vi.unstubAllEnvs();
  });
});
