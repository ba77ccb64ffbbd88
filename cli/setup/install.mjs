import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addressedLock } from './addressed-lock.mjs';
import { hasNode, node, whyNoNode } from './node.mjs';
import { slim } from './slim.mjs';
import { Turn } from './turn.mjs';

/** What there is to install, each with what the ones before it have. */
const SETS = ['running', 'development'];
const TITLES = {
  running: 'Installing what running needs (once, less than half a minute)',
  development: 'Installing development tools (once, about a minute)',
};

/** The dependencies of a clone, and what is made of its sources. */
export class Installation {
  #root;
  #prepare;
  #cache;

  /**
   * @param {string} root of the clone.
   * @param {(title: string, file: string, args: string[], options?: {
   *   started?: (pid: number) => void, mayFail?: (output: string) => boolean,
   * }) => Promise<boolean>} prepare runs a step to its end. Where it fails, it ends this process, or returns false
   *   where the step may fail in this way.
   */
  constructor(root, prepare) {
    this.#root = root;
    this.#prepare = prepare;
    this.#cache = path.join(root, 'node_modules', '.cache', 'sextant');
  }

  /**
   * Brings a set up to date, once for all who start at the same time. Tools that are there stay: someone who develops
   * starts the product as well.
   *
   * @param {'running' | 'development'} set
   */
  async bring(set) {
    if (this.#has(set)) return;
    const turn = new Turn(path.join(this.#root, '.installing'));
    await turn.take((pids) => process.stderr.write(`Waiting for process ${pids}, which installs …\n`));
    try {
      const { lock, set: there } = this.#installed();
      const wanted = SETS[Math.max(SETS.indexOf(set), SETS.indexOf(there))];
      if (lock !== this.#lock() || there !== wanted || !existsSync(node)) {
        await this.#install(wanted, lock === this.#lock(), turn);
      }
      if (wanted === 'development' && !this.#isGenerated()) await this.#generate(turn);
    } finally {
      turn.give();
    }
  }

  #has(set) {
    const { lock, set: there } = this.#installed();
    if (lock !== this.#lock() || SETS.indexOf(there) < SETS.indexOf(set) || !existsSync(node)) return false;
    return there !== 'development' || this.#isGenerated();
  }

  /** @param {boolean} adds whether what is there is right, and something is missing. */
  async #install(set, adds, turn) {
    const problem = whyNoNode(JSON.parse(readFileSync(path.join(this.#root, 'cli/node/package.json'), 'utf8')));
    if (problem !== undefined) {
      process.stderr.write(`${problem}\n`);
      turn.give();
      process.exit(1);
    }
    // Interrupted from here on, the next start installs everything.
    rmSync(this.#stamp('install'), { force: true });
    const args = [
      // To add keeps what a running product may still have to load; `ci` begins with an empty folder.
      ...(adds ? ['install', '--no-save'] : ['ci']),
      // NODE_ENV and a person's own settings decide nothing.
      set === 'development' ? '--include=dev' : '--omit=dev',
      '--include=optional',
      ...(hasNode ? ['--workspaces=false'] : []),
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ];
    await this.#npm(TITLES[set], args, (pid) => turn.also(pid));
    slim(path.join(this.#root, 'node_modules'), set === 'development');
    this.#remember('install', `${set} ${this.#lock()}`);
  }

  /** A registry may keep its packages elsewhere than all others do: then npm has to ask it. */
  async #npm(title, args, started) {
    const remove = await addressedLock(this.#root);
    if (remove !== undefined) {
      const mayFail = (output) => /\b(E4\d\d|EINTEGRITY)\b/.test(output);
      const isDone = await this.#prepare(title, 'npm', args, { started, mayFail });
      remove();
      if (isDone) return;
    }
    await this.#prepare(title, 'npm', args, { started });
  }

  /** What the product's sources and migrations are made into where they are changed: cli/generate.ts. */
  async #generate(turn) {
    const args = ['cli/generate.ts'];
    await this.#prepare('Preparing database clients', node, args, { started: (pid) => turn.also(pid) });
    this.#remember('generate', this.#sources());
  }

  #isGenerated() {
    return (
      this.#owners().every((name) => existsSync(path.join(this.#root, 'prisma', name, 'client', 'models.ts'))) &&
      this.#read('generate') === this.#sources()
    );
  }

  #installed() {
    const [set, lock] = this.#read('install')?.split(' ') ?? [];
    return { set, lock };
  }

  #lock() {
    return this.#hash(['package-lock.json']);
  }

  #sources() {
    const models = this.#owners().flatMap((name) =>
      readdirSync(path.join(this.#root, 'prisma', name), { recursive: true })
        .map(String)
        .filter((file) => /\.(prisma|sql)$/.test(file))
        .map((file) => `prisma/${name}/${file}`),
    );
    return this.#hash(['package-lock.json', 'cli/generate.ts', ...models.sort()]);
  }

  #owners() {
    return readdirSync(path.join(this.#root, 'prisma'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  }

  #hash(files) {
    const sum = createHash('sha256');
    for (const file of files) sum.update(file).update(readFileSync(path.join(this.#root, file)));
    return sum.digest('hex');
  }

  #stamp(name) {
    return path.join(this.#cache, `${name}.stamp`);
  }

  #read(name) {
    const file = this.#stamp(name);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  #remember(name, value) {
    mkdirSync(this.#cache, { recursive: true });
    writeFileSync(this.#stamp(name), value);
  }
}
