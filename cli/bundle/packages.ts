import { readFileSync } from 'node:fs';
import path from 'node:path';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Returns the folders, relative to `root`, of installed packages and of everything that they need themselves. */
export function packagesWith(root: string, names: readonly string[]): string[] {
  const found = new Set<string>();
  const add = (name: string, from: string, isOptional: boolean): void => {
    const manifest = manifestOf(name, from);
    if (manifest === undefined) {
      if (isOptional) return;
      throw new Error(`The package ${name} is not installed.`);
    }
    const folder = path.relative(root, path.dirname(manifest));
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
      readFileSync(manifest, 'utf8'),
    ) as Manifest;
    for (const needed of Object.keys(dependencies ?? {})) add(needed, manifest, needed in (optionalDependencies ?? {}));
    for (const needed of Object.keys({ ...optionalDependencies, ...peerDependencies })) add(needed, manifest, true);
  };
  for (const name of names) add(name, path.join(root, 'package.json'), false);
  return [...found];
}

/** Where a package that `from` would import has its package.json, found as Node finds it. */
function manifestOf(name: string, from: string): string | undefined {
  for (let folder = path.dirname(from); ; folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'node_modules', name, 'package.json');
    try {
      readFileSync(manifest);
      return manifest;
    } catch {
      if (folder === path.dirname(folder)) return undefined;
    }
  }
}
