import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The least major version of Node that runs the product: it reads TypeScript and has SQLite. */
const LEAST_NODE = 24;
const isWindows = process.platform === 'win32';

const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/**
 * Whether the Node that a person has will do. Where it will not, npm brings one: cli/node/package.json. This process
 * may run on that one, which `npm run` finds first; then the person's own is too old.
 */
export const hasNode =
  Number(process.versions.node.split('.')[0]) >= LEAST_NODE && !process.execPath.startsWith(packages);

/** The package of npm that holds a Node for this machine. */
const packageName = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;

/** The Node that runs the product. */
export const node = hasNode
  ? process.execPath
  : path.join(packages, packageName, 'bin', isWindows ? 'node.exe' : 'node');

/**
 * What stands in the way of bringing a Node along, as a sentence for people; undefined where nothing does.
 *
 * @param {{ optionalDependencies: Record<string, string> }} manifest of cli/node.
 */
export function whyNoNode({ optionalDependencies }) {
  if (hasNode) return undefined;
  const isMusl = process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
  if (packageName in optionalDependencies && !isMusl) return undefined;
  const machine = `${process.platform}-${process.arch}${isMusl ? ' with musl' : ''}`;
  return (
    `Sextant needs Node ${LEAST_NODE}; this is ${process.versions.node}, and npm has none for ${machine}. ` +
    'Install it from https://nodejs.org and try again.'
  );
}
