import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ConfigError } from '../../base/config/config-error.ts';
import { DirectoryInUseError, lockDirectory } from './directory-lock.ts';

it('a folder that cannot be written to is not told to be in use', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'folder-lock-'));
  try {
    writeFileSync(path.join(folder, 'file'), '');
    const none = path.join(folder, 'file', 'data');
    expect(() => lockDirectory(none)).toThrow(ConfigError);
    expect(() => lockDirectory(none)).toThrow(/^SEXTANT_DIR: .* has to be a folder of the user that runs this/);
    {
      using _held = lockDirectory(path.join(folder, 'data'));
      expect(() => lockDirectory(path.join(folder, 'data'))).toThrow(DirectoryInUseError);
    }
    writeFileSync(path.join(folder, 'data', 'lock.db'), 'no database, and no lock of another process');
    expect(() => lockDirectory(path.join(folder, 'data'))).toThrow(
      /^SEXTANT_DIR: the lock of .* cannot be taken \(file is not a database\)\. .* lock\.db alone is broken, delete it/,
    );
    // A folder in its place.
    rmSync(path.join(folder, 'data', 'lock.db'));
    mkdirSync(path.join(folder, 'data', 'lock.db'));
    expect(() => lockDirectory(path.join(folder, 'data'))).toThrow(/cannot be written to/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
