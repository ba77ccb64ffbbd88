/**
 * What the chat page of the console costs a browser, on the embedded product and Debian's Chromium: bytes of scripts of
 * the first load as they come over the wire, the time until the input field is there with a cold cache, and the share
 * of a core that the page's process takes while a reply of 20,000 words streams into it at 200 words a second: as one
 * endless paragraph, and as a model writes, with headings, lists, tables and code.
 * With POSTGRES_TEST_URL and REDIS_TEST_URL, on the distributed product, also the longest time without a frame while a
 * person scrolls from the last of 5,000 messages to the first.
 *
 * `npm run bench -- console [words]`. Promised: 250 KB, 1,500 ms, 20 %, and less than 1,000 ms.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { createTestDatabase } from '#platform/data/database/testing/test-database.ts';
import { BROWSER_SKIPPED, TestBrowser } from '../tests/testing/browser.ts';
import { TestUser } from '../tests/testing/client.ts';
import { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from '../tests/testing/postgres.ts';
import { startDistributed, startEmbedded } from '../tests/testing/sextant.ts';
import { story } from '../tests/testing/story.ts';
import { GROWN, seed } from './growth/seed.ts';
import { median, percentile } from './statistics.ts';

const words = Number(process.argv[3] ?? 20_000);
const GAP_MS = 5;
const LOADS = 7;

/** What asks for a reply with all that Markdown has. */
const MARKDOWN = 'Write a manual';

/** A text as models write, in pieces of a word. */
function written(count: number): string[] {
  const section = (at: number): string =>
    `## Chapter ${at}\n\n` +
    `To find the latitude, measure the angle of the sun **above the horizon**, and subtract it from *ninety* degrees. `.repeat(
      4,
    ) +
    `See \`altitude(${at})\` and the [almanac](https://example.org/${at}).\n\n` +
    Array.from({ length: 5 }, (_, i) => `- a step that has to be taken, number ${i}, with **care**\n`).join('') +
    '\n```ts\n' +
    Array.from({ length: 8 }, (_, i) => `const angle${i} = measure(${i}) - indexError; // in degrees\n`).join('') +
    '```\n\n| Body | Angle | Error |\n|---|---|---|\n' +
    Array.from({ length: 4 }, (_, i) => `| Star ${i} | ${at + i}° | +0.4′ |\n`).join('') +
    '\n';
  const pieces: string[] = [];
  for (let at = 1; pieces.length < count; at++) pieces.push(...section(at).split(/(?<= |\n)/));
  return pieces.slice(0, count);
}

if (BROWSER_SKIPPED) {
  console.log(`console${BROWSER_SKIPPED}`);
  process.exit(0);
}
await using model = await FaultServer.start((request, response) => {
  const text = JSON.stringify(request.body).includes(MARKDOWN) ? written(words) : story(words);
  return answer(text, { gapMs: GAP_MS })(request, response);
});
await using graph = await startEmbedded({
  OPENAI_API_KEY: 'sk-test',
  OPENAI_BASE_URL: model.url,
  OPENAI_MODEL: 'test-model',
  LLM_TIMEOUT_MS: '3600000',
});
const user = await TestUser.signUp(graph.url);
await using browser = await TestBrowser.open();

/** Signs in, then opens the page in a browser that has the session and nothing else. */
async function signedIn(url: string, user: TestUser): Promise<{ page: Page; close(): Promise<void> }> {
  const person = await browser.person();
  const page = await person.tab();
  await page.goto(`${url}/chat`);
  await page.getByLabel('E-mail address').fill(user.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(user.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('textbox', { name: 'Write a message' }).waitFor();
  return { page, close: person.close };
}

const loads: { kb: number; ms: number }[] = [];
const { page, close } = await signedIn(graph.url, user);
const devtools = await page.context().newCDPSession(page);
await devtools.send('Network.enable');
for (let load = 0; load < LOADS; load++) {
  await devtools.send('Network.clearBrowserCache');
  let bytes = 0;
  const counted: Promise<void>[] = [];
  const count = (request: { resourceType(): string; sizes(): Promise<{ responseBodySize: number }> }) => {
    if (request.resourceType() !== 'script') return;
    const add = ({ responseBodySize }: { responseBodySize: number }): void => {
      bytes += responseBodySize;
    };
    counted.push(request.sizes().then(add));
  };
  page.on('requestfinished', count);
  const from = performance.now();
  await page.goto(`${graph.url}/chat`, { waitUntil: 'commit' });
  await page.getByRole('textbox', { name: 'Write a message' }).waitFor();
  const ms = performance.now() - from;
  await page.waitForLoadState('networkidle');
  page.off('requestfinished', count);
  await Promise.all(counted);
  loads.push({ kb: bytes / 1024, ms });
}

/** Processor time of the processes that draw pages, in seconds. */
async function rendererSeconds(of: Browser): Promise<number> {
  const session = await of.newBrowserCDPSession();
  const { processInfo } = (await session.send('SystemInfo.getProcessInfo')) as {
    processInfo: { type: string; cpuTime: number }[];
  };
  await session.detach();
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

const chromium = page.context().browser()!;

/** Has a reply written. @returns the page's shares of a core, one for each five seconds. */
async function stream(question: string, first: string): Promise<number[]> {
  await page.goto(`${graph.url}/chat`);
  await page.getByRole('textbox', { name: 'Write a message' }).fill(question);
  await page.keyboard.press('Enter');
  await page.getByText(first).first().waitFor();
  const shares: number[] = [];
  const started = performance.now();
  let [before, at] = [await rendererSeconds(chromium), performance.now()];
  while ((await page.locator('article.reply[data-status=COMPLETE]').count()) === 0) {
    await sleep(5_000);
    const [now, then] = [await rendererSeconds(chromium), performance.now()];
    shares.push((100 * (now - before)) / ((then - at) / 1_000));
    [before, at] = [now, then];
  }
  const fifths = Array.from({ length: 5 }, (_, fifth) =>
    shares.slice(Math.floor((fifth * shares.length) / 5), Math.ceil(((fifth + 1) * shares.length) / 5)),
  );
  console.log(
    `${question}: ${words} words in ${((performance.now() - started) / 1_000).toFixed(0)} s; the page's share of a core by ` +
      `fifths of it: ${fifths.map((fifth) => median(fifth).toFixed(1)).join(', ')} %`,
  );
  return shares;
}

const mean = (shares: readonly number[]): string =>
  (shares.reduce((sum, share) => sum + share, 0) / shares.length).toFixed(1);
const prose = await stream('Tell me a story', 'word10');
const markdown = await stream(MARKDOWN, 'Chapter 1');
await close();

/** Scrolls through a conversation of 5,000 messages, as fast as they come. @returns what was read, and its gap. */
async function scroll(): Promise<{ readonly messages: number; readonly gapMs: number }> {
  await using postgres = await createTestDatabase();
  await using long = await startDistributed({ postgres, redisUrl: REDIS_TEST_URL! }, { LLM_DISCOVERY: 'false' });
  const reader = await TestUser.signUp(long.url);
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const few = { conversations: 20, memories: 20, calls: 20, callsOfLongest: 20 };
  const id = await seed((sql) => client.query(sql), reader.id, { ...GROWN, ...few });
  await client.end();
  const { page, close } = await signedIn(long.url, reader);
  await page.goto(`${long.url}/chat/${id}`);
  await page.locator('article').first().waitFor();
  const gapMs = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const box = document.querySelector('.messages')!;
        let [longest, last, atTop] = [0, performance.now(), 0];
        const frame = (now: number) => {
          longest = Math.max(longest, now - last);
          last = now;
          atTop = box.scrollTop === 0 ? atTop + 1 : 0;
          box.scrollTop = Math.max(0, box.scrollTop - 2_000);
          if (atTop > 300) resolve(longest);
          else requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      }),
  );
  const messages = await page.locator('article').count();
  await close();
  return { messages, gapMs };
}

const scrolled = DISTRIBUTED_SKIPPED ? undefined : await scroll();
if (!scrolled) console.log(`Scrolling was not measured${DISTRIBUTED_SKIPPED}`);
console.log(
  `BENCH console first_load_kb=${median(loads.map(({ kb }) => kb)).toFixed(0)} ` +
    `interactive_ms=${median(loads.map(({ ms }) => ms)).toFixed(0)} ` +
    `interactive_p95_ms=${percentile(
      loads.map(({ ms }) => ms),
      0.95,
    ).toFixed(0)} ` +
    `stream_cpu=${mean(prose)} markdown_cpu=${mean(markdown)}` +
    (scrolled ? ` scrolled_messages=${scrolled.messages} scroll_gap_ms=${scrolled.gapMs.toFixed(0)}` : ''),
);
