import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page, type Request } from 'playwright-core';
import type { TestUser } from './client.ts';

/** Where Debian and others put the browser; CHROMIUM names another place. */
const CHROMIUM = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((file) => file && existsSync(file));

/** Why the suites of the console are skipped here, to be shown in their title; empty where they run. */
export const BROWSER_SKIPPED = CHROMIUM ? '' : ' (SKIPPED: no Chromium; install Debian’s package `chromium`)';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A browser whose pages tell what went wrong in them. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  /** Errors and refusals of the policy that pages have reported. */
  readonly faults: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async open(): Promise<TestBrowser> {
    return new TestBrowser(
      await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', '--disable-dev-shm-usage'] }),
    );
  }

  /** A person's browser: storage of its own, shared by its tabs. */
  async person(options: BrowserContextOptions = {}): Promise<{ tab(): Promise<Page>; close(): Promise<void> }> {
    const context = await this.#browser.newContext({ locale: 'en-GB', ...options });
    // The machine of the suite is slow at times, never for longer than this.
    context.setDefaultTimeout(60_000);
    return {
      tab: async () => {
        const page = await context.newPage();
        watchQuestions(page);
        page.on('pageerror', (error) => this.faults.push(String(error)));
        page.on('console', (message) => {
          if (message.type() !== 'error') return;
          // A refused request is what tests of errors are about, and the browser tells of it by itself.
          if (!/Failed to load resource|WebSocket connection/.test(message.text())) this.faults.push(message.text());
        });
        return page;
      },
      close: () => context.close(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** What a browser keeps of a person who is signed in. */
export const signedIn = ({ url, accessToken, refreshToken }: TestUser): Pick<BrowserContextOptions, 'storageState'> => {
  const value = JSON.stringify({ accessToken, refreshToken, refreshAt: Date.now() + 300_000 });
  const localStorage = [{ name: `sextant:${url}/graphql`, value }];
  return { storageState: { cookies: [], origins: [{ origin: url, localStorage }] } };
};

/** The questions to the graph that each page waits for. */
const open = new WeakMap<Page, Set<Request>>();

/** How many answers of the graph a page still waits for. */
export const questionsOf = (page: Page): number => open.get(page)?.size ?? 0;

function watchQuestions(page: Page): void {
  const asked = new Set<Request>();
  open.set(page, asked);
  page.on('request', (request) => {
    if (request.isNavigationRequest()) asked.clear();
    else if (request.url().endsWith('/graphql')) asked.add(request);
  });
  for (const end of ['requestfinished', 'requestfailed'] as const)
    page.on(end as 'requestfinished', (request) => void asked.delete(request));
}

/**
 * What axe finds wrong with a page, a line each.
 *
 * @param rules those that are looked at; default: all.
 */
export async function violationsOf(page: Page, rules?: readonly string[]): Promise<string[]> {
  // Over the debugger, which no policy of the page forbids.
  await page.evaluate(`globalThis.axe ?? (() => { ${axeSource} })()`);
  return page.evaluate(async (only) => {
    const { axe } = window as unknown as {
      axe: {
        run(options: object): Promise<{
          violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run(only ? { runOnly: [...only] } : {});
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ html, failureSummary }) =>
          `${id}: ${html.slice(0, 160)} ${failureSummary.replace(/\s+/g, ' ').slice(0, 200)}`,
      ),
    );
  }, rules);
}
