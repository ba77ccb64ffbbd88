import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ConfigError } from '../config/config-error.ts';
import { makeDataFolder, makeFolder } from './make-folder.ts';

it('a folder is made with those that it lies in, and is left where it is there', () => {
  const base = mkdtempSync(path.join(tmpdir(), 'make-folder-'));
  try {
    const folder = path.join(base, 'a', 'b', 'c');
    makeFolder(folder);
    makeFolder(folder);
    expect(statSync(folder).isDirectory()).toBe(true);
    const file = path.join(base, 'file');
    writeFileSync(file, '');
    for (const wrong of [file, path.join(file, 'a', 'b')])
      expect(() => makeDataFolder(wrong)).toThrow(/^SEXTANT_DIR: .*file.* cannot be made .*folder of the user/);
  } finally {
    rmSync(base, { recursive: true });
  }
});

it.skipIf(process.platform !== 'linux')('a folder that the system does not know is refused, and ends', () => {
  for (const folder of ['/proc/sextant', '/proc/sextant/a/b'])
    expect(() => makeDataFolder(folder)).toThrow(ConfigError);
});
