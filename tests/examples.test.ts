import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { build, createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { answer, FaultServer, stall } from '#llm/testing/fault-server.ts';
import { BROWSER_SKIPPED, TestBrowser } from './testing/browser.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';
import { story } from './testing/story.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const EXAMPLES = path.join(ROOT, 'examples');
const WHOLE = story(60).join('');
const STORY = answer(story(60), { gapMs: 20 });
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe.skipIf(BROWSER_SKIPPED !== '')(`the examples${BROWSER_SKIPPED}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let graph: RunningGraph;
  let model: FaultServer;
  let browser: TestBrowser;
  let vite: ViteDevServer;
  let address: string;

  beforeAll(async () => {
    model = lifecycle.use(await FaultServer.start(STORY));
    graph = lifecycle.use(
      await startEmbedded({ OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: model.url, OPENAI_MODEL: 'test-model' }),
    );
    process.env['SEXTANT_URL'] = graph.url;
    lifecycle.defer(() => void delete process.env['SEXTANT_URL']);
    vite = await createServer({
      configFile: path.join(EXAMPLES, 'vite.config.ts'),
      logLevel: 'error',
      server: { port: 0, host: '127.0.0.1' },
      cacheDir: await mkdtemp(path.join(tmpdir(), 'sextant-examples-')),
    });
    lifecycle.defer(() => rm(vite.config.cacheDir, { recursive: true, force: true }));
    lifecycle.defer(() => vite.close());
    await vite.listen();
    address = vite.resolvedUrls!.local[0]!;
    browser = lifecycle.use(await TestBrowser.open());
  }, 240_000);
  afterAll(() => lifecycle.disposeAsync(), 60_000);

  const signedUp = async (name: string, prepare?: (page: Page) => Promise<void>): Promise<Page> => {
    const person = await browser.person();
    lifecycle.defer(() => person.close());
    const page = await person.tab();
    await prepare?.(page);
    onTestFailed(async () => console.log(browser.faults.splice(0), await page.locator('body').textContent()));
    await page.goto(`${address}${name}/`);
    await page.getByLabel('E-mail address').fill(`${name}-${Date.now()}@example.org`);
    await page.getByLabel('Password').fill('a star above the horizon');
    await page.getByRole('button', { name: 'Sign in or up' }).click();
    return page;
  };
  /** The first answer to a query arrives after what was sent meanwhile. */
  const readsLate = async (page: Page): Promise<void> => {
    let late = true;
    await page.route('**/graphql', async (route) => {
      const isRead = /^\s*query/.test((route.request().postDataJSON() as { query?: string } | null)?.query ?? '');
      if (!isRead || !late) return route.continue();
      late = false;
      const answer = await route.fetch();
      await page
        .locator('p.user, p.assistant')
        .first()
        .waitFor({ timeout: 3_000 })
        .catch(() => {});
      await route.fulfill({ response: answer });
    });
  };
  const send = async (page: Page, text: string) => {
    await page.getByLabel('Message').fill(text);
    await page.keyboard.press('Enter');
  };
  const replies = (page: Page) => page.locator('p.assistant').allInnerTexts();

  for (const name of ['plain-html', 'react-apollo', 'use-chat']) {
    it(`${name}: makes an account, sends, and shows the reply word for word, twice`, async () => {
      const page = await signedUp(name, readsLate);
      await send(page, 'Tell me a story');
      await page.locator('p.assistant').getByText('word10').waitFor();
      await expect.poll(() => replies(page), { timeout: 60_000 }).toEqual([WHOLE.trim()]);
      await send(page, 'Another one');
      await expect.poll(() => replies(page), { timeout: 60_000 }).toEqual([WHOLE.trim(), WHOLE.trim()]);
      expect(browser.faults.splice(0)).toEqual([]);
    }, 240_000);
  }

  for (const name of ['react-apollo', 'use-chat']) {
    it(`${name}: goes on after a reload in the middle of a reply`, async () => {
      const page = await signedUp(name);
      await send(page, 'Tell me a story');
      await page.locator('p.assistant').getByText('word10').waitFor();
      await page.reload();
      await expect.poll(() => replies(page), { timeout: 60_000 }).toEqual([WHOLE.trim()]);
      expect(await page.locator('p.user').allInnerTexts()).toEqual(['Tell me a story']);
    }, 240_000);
  }

  it('assistant-ui: sends with a picture, stops, regenerates, edits, and goes on after a reload', async () => {
    const page = await signedUp('assistant-ui');
    const shown = () => page.locator('.assistant').allInnerTexts();
    const button = (name: string) => page.getByRole('button', { name });
    const chosen = page.waitForEvent('filechooser');
    await button('Attach').click();
    await (await chosen).setFiles({ name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(PNG, 'base64') });
    await page.getByLabel('Message', { exact: true }).fill('Tell me a story');
    await expect.poll(() => button('Send').isEnabled(), { timeout: 60_000 }).toBe(true);
    await button('Send').click();
    await page.locator('.assistant').getByText('word10').waitFor();
    await page.reload();
    await expect.poll(shown, { timeout: 60_000 }).toEqual([WHOLE.trim()]);
    // The picture of the earlier message is there again.
    const picture = page.locator('.user').getByRole('img', { name: 'dot.png' });
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
    model.behave(stall('Once ', 'more'));
    await button('Regenerate').click();
    await page.locator('.assistant').getByText('Once more').waitFor();
    await button('Stop').click();
    await expect.poll(() => button('Stop').isDisabled(), { timeout: 60_000 }).toBe(true);
    expect(await shown()).toEqual(['Once more']);
    model.behave(STORY);
    await button('Edit').click();
    await page.getByLabel('Edited message').fill('Tell me another one');
    await button('Save').click();
    await expect.poll(shown, { timeout: 60_000 }).toEqual([WHOLE.trim()]);
    expect(await page.locator('.user').allInnerTexts()).toEqual(['Tell me another one']);
    expect(browser.faults.splice(0)).toEqual([]);
  }, 240_000);
});

describe('the packed client package', () => {
  let project: string;
  beforeAll(async () => {
    project = await mkdtemp(path.join(tmpdir(), 'sextant-project-'));
  });
  afterAll(async () => {
    await rm(project, { recursive: true, force: true });
    await rm(path.join(ROOT, 'clients', 'typescript', 'dist'), { recursive: true, force: true });
  });

  it('is all that the examples need in a Vite project of their own', async () => {
    const client = path.join(ROOT, 'clients', 'typescript');
    execFileSync(process.execPath, [path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', client]);
    const args = ['pack', client, '--json', '--loglevel=error', '--ignore-scripts'];
    const packed = execFileSync('npm', args, { cwd: project, encoding: 'utf8' });
    const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
    const installed = path.join(project, 'node_modules', '@sextant', 'client');
    await mkdir(installed, { recursive: true });
    execFileSync('tar', ['-xzf', path.join(project, filename), '--strip-components=1', '-C', installed]);
    // What npm would install beside it: its dependency, its peers, and what the examples themselves use.
    const { dependencies, peerDependencies } = JSON.parse(
      await readFile(path.join(installed, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'peerDependencies', object>;
    for (const name of [...Object.keys({ ...dependencies, ...peerDependencies }), '@ai-sdk/react', 'react-dom']) {
      const link = path.join(project, 'node_modules', name);
      await mkdir(path.dirname(link), { recursive: true });
      await symlink(path.join(ROOT, 'node_modules', name), link);
    }
    const pages = (await readdir(EXAMPLES, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    for (const entry of [...pages.map(({ name }) => name), 'sign-in.ts'])
      await cp(path.join(EXAMPLES, entry), path.join(project, entry), { recursive: true });
    await writeFile(path.join(project, 'package.json'), '{"type":"module"}');
    await build({
      root: project,
      configFile: false,
      logLevel: 'error',
      build: {
        target: 'es2023',
        rolldownOptions: { input: pages.map(({ name }) => path.join(project, name, 'index.html')) },
      },
    });
    const built = await readdir(path.join(project, 'dist'), { recursive: true });
    for (const { name } of pages) expect(built).toContain(path.join(name, 'index.html'));
  }, 240_000);
});
