import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

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

/** What axe finds wrong with a page, a line each. */
export async function violationsOf(page: Page): Promise<string[]> {
  // Over the debugger, which no policy of the page forbids.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ html, failureSummary }) =>
          `${id}: ${html.slice(0, 160)} ${failureSummary.replace(/\s+/g, ' ').slice(0, 200)}`,
      ),
    );
  });
}
