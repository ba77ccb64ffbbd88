import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answer, answerDeltas, FaultServer, type SeenRequest } from '#llm/testing/fault-server.ts';
import { picture } from './screenshots/picture.ts';
import { BROWSER_SKIPPED, questionsOf, signedIn, TestBrowser, violationsOf } from './testing/browser.ts';
import { TestUser } from './testing/client.ts';
import { startCollector } from './testing/collector.ts';
import { freePort, type RunningGraph, SextantProcess, startEmbedded } from './testing/sextant.ts';
import { story } from './testing/story.ts';

const PASSWORD = 'a star above the horizon';
const WORDS = 120;
const WHOLE = story(WORDS).join('');
const NOTED =
  'It is noted: $e^{i\\pi} = -1$ $\\rule{500em}{1em}$ in the [book][1].\n\n```ts\nconst tea = "green"; // noted\n```\n\n' +
  'That is all.\n\n[1]: https://example.org/book\n';
const PAGES = ['chat', 'knowledge', 'memory', 'contexts', 'images', 'vectors', 'usage', 'people', 'account', 'system'];

/** What people write without a space, and from right to left. */
const LONG = 'Lengthindegrees'.repeat(5);
const ARABIC = 'مرحبا بالعالم';
const IN_ARABIC = `## ${ARABIC}\n\n${ARABIC}\n\n- ${ARABIC}\n\n> ${ARABIC}\n\n| ${ARABIC} |\n|---|\n| ${LONG} |\n`;

/** What a story with "Hold" in its question waits for before its twentieth word, the first time that it is told. */
let held = Promise.withResolvers<void>();
const toldOnce = new Set<string>();
const goOn = () => {
  held.resolve();
  held = Promise.withResolvers();
};

/** A model that tells stories, waits for the test where it is told to hold on, and calls a tool to note something. */
function speak(request: SeenRequest, response: ServerResponse): unknown {
  const { messages, tools } = request.body as { messages: { role: string; content: unknown }[]; tools?: unknown };
  const last = messages.at(-1)!;
  if (tools && last.role === 'user' && JSON.stringify(last.content).includes('Note it down')) {
    const call = { name: 'here__write', arguments: '{"what":"tea"}' };
    return answerDeltas([{ tool_calls: [{ index: 0, id: 'c', type: 'function', function: call }] }], 'tool_calls')(
      request,
      response,
    );
  }
  if (last.role === 'tool') return answer(NOTED.split(/(?<= )/), { gapMs: 2 })(request, response);
  const text = JSON.stringify(last.content);
  if (text.includes(ARABIC)) return answer([`${IN_ARABIC}\n`, `\`${LONG}\` ${LONG}`], { gapMs: 2 })(request, response);
  const isHeld = text.includes('Hold') && !toldOnce.has(text);
  toldOnce.add(text);
  return answer(story(WORDS), { gapMs: 2, ...(isHeld && { hold: { at: 20, until: held.promise } }) })(
    request,
    response,
  );
}

const skipped = BROWSER_SKIPPED !== '';

describe.skipIf(skipped)(`the console${BROWSER_SKIPPED}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let model: FaultServer;
  let graph: RunningGraph;
  let browser: TestBrowser;

  beforeAll(async () => {
    collector = lifecycle.use(await startCollector());
    model = lifecycle.use(await FaultServer.start(async (...call) => void (await speak(...call))));
    const folder = await mkdtemp(path.join(tmpdir(), 'sextant-console-'));
    lifecycle.defer(() => rm(folder, { recursive: true, force: true }));
    const tools = path.resolve(import.meta.dirname, '../llm/testing/tool-server-process.ts');
    const catalogue = {
      providers: { test: { type: 'compatible', base_url: model.url } },
      deployments: { d: { provider: 'test', model: 'test-model', capabilities: ['chat', 'tools', 'vision'] } },
      models: { 'test-model': { deployments: ['d'] }, 'other-model': { deployments: ['d'] } },
      tool_servers: { here: { command: process.execPath, args: [tools, 'Oslo'], tools: ['where', 'write'] } },
    };
    await writeFile(path.join(folder, 'llm.yaml'), JSON.stringify(catalogue));
    graph = lifecycle.use(
      await startEmbedded({
        LLM_CONFIG: path.join(folder, 'llm.yaml'),
        ADMIN_EMAIL: 'admin@example.org',
        ADMIN_PASSWORD: PASSWORD,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        TRACE_URL: 'https://traces.example.org/{traceId}',
      }),
    );
    browser = lifecycle.use(await TestBrowser.open());
  }, 240_000);
  afterAll(() => lifecycle.disposeAsync(), 60_000);
  afterEach(() => {
    const faults = browser.faults.splice(0);
    expect(faults).toEqual([]);
  });

  const signIn = async (page: Page, email: string) => {
    await page.getByLabel('E-mail address').fill(email);
    await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Menu' }).waitFor({ state: 'attached' });
  };
  /** A tab of a person who has an account and is signed in. */
  const newPerson = async (options: Parameters<TestBrowser['person']>[0] = {}) => {
    const user = await TestUser.signUp(graph.url);
    return { user, ...(await tabOf(user, options)) };
  };
  const tabOf = async (user: TestUser, options: Parameters<TestBrowser['person']>[0] = {}) => {
    const person = await browser.person({ ...signedIn(user), ...options });
    lifecycle.defer(() => person.close());
    const page = await person.tab();
    await page.goto(`${graph.url}/chat`);
    await page.getByRole('navigation', { name: 'Menu' }).waitFor({ state: 'attached' });
    return { person, page };
  };
  /** Spoils the access token that a page keeps, as if it had ended long ago. */
  const endToken = (page: Page) =>
    page.evaluate(() => {
      const [name] = Object.keys(localStorage).filter((key) => key.includes('/graphql'));
      const kept = JSON.parse(localStorage.getItem(name!)!) as { accessToken: string };
      localStorage.setItem(name!, JSON.stringify({ ...kept, accessToken: `${kept.accessToken.slice(0, -6)}AAAAAA` }));
    });
  /** Waits until a page shows what it has asked for. */
  const shown = async (page: Page) => {
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    await expect.poll(() => questionsOf(page)).toBe(0);
    await page.locator('.mantine-Loader-root').first().waitFor({ state: 'detached' });
  };
  const write = async (page: Page, text: string) => {
    await page.getByRole('textbox', { name: 'Write a message' }).fill(text);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/chat\/.+/);
  };
  const ended = (page: Page, status = 'COMPLETE', at = 0) =>
    page.locator(`article.reply[data-status=${status}]`).nth(at).waitFor();
  /** Offers tools of the product with each message, as the dialogue keeps them. */
  const choose = (page: Page, ...tools: string[]) =>
    page.evaluate((kept) => localStorage.setItem('sextant:tools', kept), JSON.stringify(tools));
  /** Changes what the server answers to an operation. @returns what ends that. */
  const amend = async (page: Page, operation: string, change: (answer: string) => string) => {
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes(` ${operation}`)) return route.fallback();
      const response = await route.fetch();
      const body = change(await response.text());
      // A page that was left meanwhile takes no answer.
      return route.fulfill({ response, body }).catch(() => undefined);
    });
    return () => page.unroute('**/graphql');
  };
  const asksFor = (page: Page, operation: string) =>
    page.waitForRequest((request) => request.postData()?.includes(` ${operation}`) ?? false);
  const replyText = async (page: Page) => (await page.locator('article.reply .markdown').last().innerText()).trim();

  it('answers word for word, and goes on after a reload in the middle of a reply', async () => {
    const { page } = await newPerson();
    await write(page, 'Hold on, and tell me a story');
    await page.getByText('word19').waitFor();
    await page.reload();
    await page.getByText('word19').waitFor();
    // The token ends in the middle of it, too.
    await endToken(page);
    goOn();
    await ended(page);
    expect(await replyText(page)).toBe(WHOLE);
    expect(await page.locator('article.reply').count()).toBe(1);
    // The address names the conversation.
    await page.goto(page.url());
    await ended(page);
    expect(await replyText(page)).toBe(WHOLE);
  }, 240_000);

  it('stops, writes another reply, edits, and goes from one version to the other', async () => {
    const { page } = await newPerson();
    await choose(page, 'CURRENT_TIME', 'WEB_SEARCH');
    await write(page, 'Hold on, and tell me a story to the end');
    await page.getByText('word19').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await ended(page, 'STOPPED');
    goOn();
    expect((await replyText(page)).length).toBeLessThan(WHOLE.length);
    await page.getByRole('button', { name: 'Write another reply' }).dblclick();
    await page.getByText('2 of 2').waitFor();
    await ended(page);
    expect(await replyText(page)).toBe(WHOLE);
    await page.getByRole('button', { name: 'Previous version' }).click();
    await ended(page, 'STOPPED');
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'Edit' }).fill('Tell me another story');
    const sent = asksFor(page, 'EditMessage');
    await page.getByRole('button', { name: 'Send the edited message' }).click();
    // It goes with what a new message goes with.
    const options = { useMemory: true, serverTools: ['CURRENT_TIME'] };
    expect((await sent).postDataJSON()).toMatchObject({ variables: { input: options } });
    await page.locator('article.asked').getByText('Tell me another story').waitFor();
    await ended(page);
    expect(await replyText(page)).toBe(WHOLE);
  }, 240_000);

  it('shows a message once, also where an event of it comes before the answer to its sending', async () => {
    const { page } = await newPerson();
    await write(page, 'Tell me a story');
    await ended(page);
    const [reaches, answers] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes(' SendMessage')) return route.fallback();
      await reaches.promise;
      const response = await route.fetch();
      await answers.promise;
      return route.fulfill({ response });
    });
    await page.getByRole('textbox', { name: 'Write a message' }).fill('Tell me another one');
    await page.keyboard.press('Enter');
    const onItsWay = page.getByText('On its way …');
    await onItsWay.waitFor();
    reaches.resolve();
    await ended(page, 'COMPLETE', 1);
    await onItsWay.waitFor({ state: 'detached' });
    expect(await page.locator('.asked').count()).toBe(2);
    answers.resolve();
    await expect.poll(() => questionsOf(page)).toBe(0);
    expect(await page.locator('.asked').count()).toBe(2);
  }, 240_000);

  it('keeps what is written where the server does not take it, and takes the model that is chosen', async () => {
    const { page } = await newPerson();
    /** Until what is returned is called, the server refuses an operation. */
    const refuse = async (operation: string) => {
      const answer = { data: null, errors: [{ message: 'Not today', extensions: { code: 'BAD_USER_INPUT' } }] };
      await page.route('**/graphql', (route) =>
        route.request().postData()?.includes(` ${operation}`) ? route.fulfill({ json: answer }) : route.fallback(),
      );
      return () => page.unroute('**/graphql');
    };
    const refused = () => page.getByText('Not today').waitFor();
    const field = page.getByRole('textbox', { name: 'Write a message' });
    // A conversation that has begun, and whose first message failed.
    let accept = await refuse('SendMessage');
    await field.fill('Tell me a story');
    await field.press('Enter');
    await refused();
    expect(await field.inputValue()).toBe('Tell me a story');
    await accept();
    await page.getByRole('combobox', { name: 'Model' }).click();
    await page.getByRole('option', { name: 'test-model' }).click();
    const setUp = asksFor(page, 'SetUpChat');
    await field.press('Enter');
    expect((await setUp).postDataJSON()).toMatchObject({ variables: { input: { model: 'test-model' } } });
    await ended(page);
    expect(await page.getByRole('combobox', { name: 'Model' }).inputValue()).toBe('test-model');
    expect(await page.locator('.chat-row').count()).toBe(1);

    // What is written meanwhile stays with it.
    const [reached, answers] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes(' SendMessage')) return route.fallback();
      reached.resolve();
      await answers.promise;
      return route.fulfill({
        json: { data: null, errors: [{ message: 'Not today', extensions: { code: 'BAD_USER_INPUT' } }] },
      });
    });
    await field.fill('Tell me another one');
    await field.press('Enter');
    await reached.promise;
    await field.fill('And one more');
    answers.resolve();
    await refused();
    expect(await field.inputValue()).toBe('Tell me another one\n\nAnd one more');
    await page.unroute('**/graphql');

    accept = await refuse('EditMessage');
    await page.getByRole('button', { name: 'Edit' }).click();
    const edited = page.getByRole('textbox', { name: 'Edit' });
    await edited.fill('Tell me a shorter story');
    await page.getByRole('button', { name: 'Send the edited message' }).click();
    await page.locator('article.asked').getByText('Not today').waitFor();
    expect(await edited.inputValue()).toBe('Tell me a shorter story');
    await accept();
    await page.getByRole('button', { name: 'Send the edited message' }).click();
    await page.locator('article.asked').getByText('2 of 2').waitFor();
    await page.locator('article.asked').getByText('Tell me a shorter story').waitFor();
    await ended(page);

    accept = await refuse('SetUpChat');
    await page.getByRole('button', { name: 'Tools and settings' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('What every reply keeps to').fill('Speak like a navigator');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Not today').waitFor();
    expect(await dialog.getByLabel('What every reply keeps to').inputValue()).toBe('Speak like a navigator');
    await accept();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    // What is in the field was not sent with that.
    expect(await field.inputValue()).toBe('Tell me another one\n\nAnd one more');

    await page.getByRole('button', { name: 'A bad reply' }).click();
    const why = page.getByRole('dialog');
    accept = await refuse('RateReply');
    await why.getByRole('textbox').fill('It is too long');
    await why.getByRole('button', { name: 'Save' }).click();
    await why.getByText('Not today').waitFor();
    expect(await why.getByRole('textbox').inputValue()).toBe('It is too long');
    await accept();

    // Another reply is written by the model that is chosen.
    await page.keyboard.press('Escape');
    await page.getByRole('combobox', { name: 'Model' }).click();
    await page.getByRole('option', { name: 'other-model' }).click();
    const asked = asksFor(page, 'RegenerateReply');
    await page.getByRole('button', { name: 'Write another reply' }).click();
    expect((await asked).postDataJSON()).toMatchObject({ variables: { input: { model: 'other-model' } } });
  }, 240_000);

  it('shows two people in one room to one another, and the words of both', async () => {
    const [one, other] = [await newPerson(), await newPerson()];
    await write(one.page, 'Shall we navigate together?');
    await ended(one.page);
    await one.page.getByRole('button', { name: 'Invite' }).click();
    await one.page.getByLabel(/^Name of a person/).fill(other.user.id);
    await one.page.getByRole('button', { name: /^Invite: / }).click();
    await other.page.reload();
    await other.page.getByRole('button', { name: 'Accept' }).click();
    await other.page.locator('article.asked').getByText('Shall we navigate together?').waitFor();
    // Who takes part chooses the tools of their own messages, and nothing else.
    await other.page.getByRole('button', { name: 'Tools and settings' }).click();
    await other.page.getByRole('checkbox', { name: 'Date and time' }).check();
    expect(await other.page.getByLabel('Temperature').count()).toBe(0);
    await other.page.getByRole('button', { name: 'Save' }).click();
    await other.page.getByRole('dialog').waitFor({ state: 'detached' });
    await one.page.keyboard.press('Escape');
    const room = one.page.getByRole('group', { name: 'Here now' });
    await expect.poll(() => room.locator('.mantine-Avatar-root').count()).toBe(2);
    await other.page.getByRole('textbox', { name: 'Write a message' }).fill('Yes');
    await one.page.getByText(/is typing/).waitFor();
    await other.page.keyboard.press('Enter');
    await one.page.locator('article.asked').getByText('Yes', { exact: true }).waitFor();
    await ended(one.page, 'COMPLETE', 1);
    expect(await replyText(one.page)).toBe(WHOLE);
    // Who looks elsewhere sees how much is unread, without a reload.
    await other.page.getByRole('button', { name: 'New chat' }).click();
    await one.page.getByRole('textbox', { name: 'Write a message' }).fill('Are you there?');
    await one.page.keyboard.press('Enter');
    await other.page.getByLabel(/^\d+ unread$/).waitFor();
    await other.page.locator('.chat-row a').first().click();
    await other.page.locator('article.asked').getByText('Are you there?').waitFor();
    await other.page.getByLabel(/^\d+ unread$/).waitFor({ state: 'detached' });
  }, 240_000);

  it('rates a reply, files, shares by a link that anybody reads, and deletes a message there too', async () => {
    const { page } = await newPerson();
    await write(page, 'Tell me a story');
    await ended(page);
    const good = page.getByRole('button', { name: 'A good reply' });
    await good.click();
    await expect.poll(() => good.getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: /^Actions: / }).click();
    await page.getByRole('menuitem', { name: 'Folder and tags' }).click();
    await page.getByLabel('New folder').fill('Tales');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('combobox', { name: 'Show' }).click();
    await page.getByRole('option', { name: 'Tales' }).click();
    await expect.poll(() => page.locator('.chat-row a').count()).toBe(1);
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('button', { name: 'Make a link' }).click();
    const url = new URL(await page.getByRole('textbox', { name: 'Link' }).inputValue());
    const stranger = await browser.person();
    lifecycle.defer(() => stranger.close());
    const elsewhere = await stranger.tab();
    const address = `${graph.url}${url.pathname}${url.hash}`;
    await elsewhere.goto(address);
    await elsewhere.getByText('Tell me a story').first().waitFor();
    expect((await elsewhere.locator('article.reply .markdown').innerText()).trim()).toBe(WHOLE);
    expect(await violationsOf(elsewhere)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('article.asked').getByRole('button', { name: 'Delete the message' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('This message was deleted.').waitFor();
    await elsewhere.reload();
    await elsewhere.locator('article.reply').waitFor();
    expect(await elsewhere.locator('article.asked').count()).toBe(0);
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('button', { name: /^Revoke/ }).click();
    await page.getByRole('button', { name: /^Revoke/ }).waitFor({ state: 'detached' });
    await elsewhere.reload();
    await elsewhere.getByText('What this link leads to is not there, or not any more.').waitFor();
  }, 240_000);

  it('asks before a tool changes something, and draws on a document of one conversation alone', async () => {
    const { page } = await newPerson();
    // Chosen when there was a search of the web; and this conversation does without memory.
    await choose(page, 'WEB_SEARCH', 'SEARCH_MEMORY', 'CURRENT_TIME');
    await page.reload();
    await page.getByRole('switch', { name: 'Use memory and knowledge' }).press('Space');
    await page.getByRole('button', { name: 'Tools and settings' }).click();
    await page.getByRole('checkbox', { name: /^here/ }).check();
    await page.getByLabel('Temperature').fill('0.5');
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => JSON.parse(localStorage.getItem('sextant:tools')!))).toEqual([
      'SEARCH_MEMORY',
      'CURRENT_TIME',
    ]);
    await page.locator('.composer input[type=file]').setInputFiles({
      name: 'chart.md',
      mimeType: 'text/markdown',
      buffer: Buffer.from('# The chart\n\nThe chart room is behind the bridge.'),
    });
    await page.getByRole('button', { name: 'Leave out: chart.md' }).waitFor();
    await write(page, 'Note it down');
    const asks = page.getByRole('group', { name: 'May it call here__write?' });
    await asks.getByText('"what": "tea"').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    const offered = model.seen.find(({ body }) => JSON.stringify(body).includes('Note it down'))!.body;
    expect(offered).toMatchObject({ temperature: 0.5 });
    const called = (offered as { tools: { function: { name: string } }[] }).tools.map((tool) => tool.function.name);
    expect(called.sort()).toEqual(['current_time', 'here__where', 'here__write']);
    // A call of a reply that was stopped waits for no client, and a file that never came is not being read.
    const endStopped = await amend(page, 'ReadChat(', (read) => read.replaceAll('"COMPLETE"', '"STOPPED"'));
    await page.reload();
    await page.locator('details', { hasText: 'here__write' }).waitFor();
    expect(await asks.count()).toBe(0);
    await endStopped();
    const endAwaited = await amend(page, 'AttachedDocuments(', (read) =>
      read.replace(/"(READY|QUEUED|PROCESSING)"/, '"AWAITING_UPLOAD"'),
    );
    await page.reload();
    const documents = page.getByRole('group', { name: 'Documents of this conversation' });
    await documents.getByText('waiting for the upload').waitFor();
    expect(await documents.locator('.mantine-Loader-root').count()).toBe(0);
    await endAwaited();
    // After a yes that is refused, the page reads what became of the call.
    const endLate = await amend(page, 'ApproveToolCall(', () =>
      JSON.stringify({ data: null, errors: [{ message: 'Too late.', extensions: { code: 'CONFLICT' } }] }),
    );
    const readAgain = asksFor(page, 'ReadChat(');
    await asks.getByRole('button', { name: 'Allow' }).press('Enter');
    await page.getByText('Too late.').waitFor();
    await readAgain;
    await endLate();
    await page.locator('article.reply math msup').waitFor();
    const keyword = page.locator('.code .hljs-keyword');
    await keyword.waitFor();
    const colours = () =>
      keyword.evaluate((word) => [word, word.parentElement!].map((one) => getComputedStyle(one).color));
    for (const scheme of ['light', 'dark']) {
      await page.locator(`html[data-mantine-color-scheme=${scheme}]`).waitFor();
      expect([scheme, new Set(await colours()).size, await violationsOf(page, ['color-contrast'])]).toEqual([
        scheme,
        2,
        [],
      ]);
      await page.getByRole('button', { name: 'Light or dark' }).click();
    }
    // What is named at the end is known above it, and no formula is wider than the page.
    await page.locator('article.reply a[href="https://example.org/book"]').waitFor();
    expect((await page.locator('article.reply math').nth(1).boundingBox())!.width).toBeLessThan(500);
    expect(await violationsOf(page)).toEqual([]);
    const call = page.locator('details', { hasText: 'here__write' });
    await call.locator('summary', { hasText: 'allowed' }).click();
    await call.getByText('written: tea').waitFor();
    // The document belongs to the conversation, until it is removed there.
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Remove the document: chart.md' }).press('Enter');
    await documents.waitFor({ state: 'detached' });
    // A tool server that is gone does not keep other settings from being saved.
    const endGone = await amend(page, 'ToolsToChoose', (read) => {
      const { data } = JSON.parse(read) as { data: object };
      return JSON.stringify({ data: { ...data, toolServers: [] } });
    });
    await page.getByRole('button', { name: 'Tools and settings' }).click();
    await page.getByRole('checkbox', { name: 'Date and time' }).waitFor();
    const saved = asksFor(page, 'SetUpChat(');
    await page.getByRole('button', { name: 'Save' }).click();
    expect((await saved).postDataJSON()).toMatchObject({ variables: { input: { toolServers: [] } } });
    await endGone();
    // Without its part of the console, code has no colours, and a page says what is wrong.
    // It has been loaded again a moment ago: that does not help.
    await page.evaluate(() => sessionStorage.setItem('sextant.reloaded-at', String(Date.now())));
    await page.route(/\/(highlighted|memory)-/, (route) => route.abort());
    await page.reload();
    await page.locator('.code').getByText('const tea').waitFor();
    await page.getByRole('textbox', { name: 'Write a message' }).waitFor();
    expect(await page.locator('.code .hljs-keyword').count()).toBe(0);
    await page.getByRole('link', { name: 'Memory' }).click();
    await page.getByRole('heading', { name: 'This page cannot be shown' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.unroute(/\/(highlighted|memory)-/);
    await page.getByRole('button', { name: 'Load it again' }).click();
    await page.getByRole('heading', { name: 'Memory' }).waitFor();
    const ofParts = /dynamically imported module|reading '(Highlighted|Memory)'/;
    expect(browser.faults.splice(0).filter((fault) => !ofParts.test(fault))).toEqual([]);
  }, 240_000);

  it('keeps a person whose token has ended signed in, and tabs sign out together', async () => {
    const { page, person } = await newPerson();
    const second = await person.tab();
    await second.goto(`${graph.url}/memory`);
    await second.getByRole('heading', { name: 'Memory' }).waitFor();
    await endToken(page);
    await page.reload();
    await write(page, 'Am I still here?');
    await ended(page);
    await page.getByRole('button', { name: 'Your account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await second.getByRole('heading', { name: 'Sign in' }).waitFor();
  }, 240_000);

  it('changes the address by the link of a mail, and sets a forgotten password by another', async () => {
    const { page } = await newPerson();
    const address = `${randomUUID()}@example.org`;
    await page.getByRole('button', { name: 'Your account' }).click();
    await page.getByRole('menuitem', { name: 'Your account' }).click();
    const part = page.getByRole('region', { name: 'E-mail address' });
    await part.getByLabel('New address').fill(address);
    await part.getByRole('textbox', { name: 'Password as it is' }).fill(PASSWORD);
    await part.getByRole('button', { name: 'Send the link' }).click();
    await page.getByText(`A link is on its way to ${address}.`).waitFor();
    // Without a mail server, mails are in the log for the administrator.
    const linkTo = async (what: string) => {
      const pattern = new RegExp(`http://[^/]+(/${what}\\?token=[\\w.-]+)`);
      const inLog = () => pattern.exec(graph.processes.get('sextant')!.output.join('\n'))?.[1];
      await expect.poll(inLog, { timeout: 20_000 }).toBeDefined();
      return `${graph.url}${inLog()}`;
    };
    await page.goto(await linkTo('change-email'));
    await page.getByRole('button', { name: 'Confirm' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText(`${address} is the address of your account now.`).waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('button', { name: 'Your account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Forgot your password?' }).click();
    await page.getByLabel('E-mail address').fill(address);
    await page.keyboard.press('Enter');
    await page.getByText('If the address has an account, the mail is on its way.').waitFor();
    await page.goto(await linkTo('reset-password'));
    await page.getByRole('textbox', { name: 'Password' }).fill(`${PASSWORD} again`);
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByLabel('E-mail address').fill(address);
    await page.getByRole('textbox', { name: 'Password' }).fill(`${PASSWORD} again`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Menu' }).waitFor({ state: 'attached' });
  }, 240_000);

  it('reads a document and opens it at the passage that a search has found', async () => {
    const { page } = await newPerson();
    await page.getByRole('link', { name: 'Knowledge' }).click();
    // The chat, which is there until then, takes files too.
    await page.getByRole('heading', { name: 'Knowledge' }).waitFor();
    await page.locator('input[type=file]').setInputFiles({
      name: 'ship.md',
      mimeType: 'text/markdown',
      buffer: Buffer.from(
        '# The ship\n\nThe chart room is behind the bridge.\n\n# The crew\n\nThe cook is called Nils.',
      ),
    });
    await page.getByText('ready', { exact: true }).waitFor();
    await page.getByRole('searchbox', { name: 'Search your documents' }).fill('where is the chart room');
    await page.locator('a[href*="passage="]').first().click();
    await page.locator('article.marked').getByText('behind the bridge').waitFor();
  }, 240_000);

  it('remembers, pins and forgets', async () => {
    const { page } = await newPerson();
    await page.getByRole('link', { name: 'Memory' }).click();
    await page.getByRole('button', { name: 'Remember something' }).click();
    await page.getByLabel('What to remember').fill('I am allergic to lemons');
    await page.getByRole('button', { name: 'Save' }).click();
    // The focus is where it was before the dialogue.
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    await expect.poll(focused, { timeout: 15_000 }).toBe('Remember something');
    await page.getByRole('button', { name: /^Pin: / }).click();
    await page.getByRole('button', { name: /^Unpin: / }).waitFor();
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: /^Forget: / }).click();
    await page.getByText('Nothing is remembered yet.').waitFor();
  }, 240_000);

  it('has no fault that axe knows on any page, in both themes, and speaks German', async () => {
    const stranger = await browser.person();
    lifecycle.defer(() => stranger.close());
    const page = await stranger.tab();
    const inBothThemes = async (name: string) => {
      expect([name, await violationsOf(page)]).toEqual([name, []]);
      await page.getByRole('button', { name: 'Light or dark' }).click();
      await page.locator('html[data-mantine-color-scheme=dark]').waitFor();
      // The theme changes colours, and nothing else.
      expect([name, 'dark', await violationsOf(page, ['color-contrast'])]).toEqual([name, 'dark', []]);
      await page.getByRole('button', { name: 'Light or dark' }).click();
      await page.locator('html[data-mantine-color-scheme=light]').waitFor();
    };
    await page.goto(`${graph.url}/chat`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await inBothThemes('sign-in');
    await signIn(page, 'admin@example.org');
    const { collectionId, imageId } = await fill();
    const parts = [`vectors/${collectionId}`, `vectors/${collectionId}?show=map`, `images/${imageId}`];
    for (const name of [...PAGES, ...parts]) {
      await page.goto(`${graph.url}/${name}`);
      await shown(page);
      if (name === 'usage') await page.getByRole('heading', { name: 'What people think of replies' }).waitFor();
      await inBothThemes(name);
    }
    await page.getByRole('button', { name: 'Deutsch' }).click();
    await page.getByRole('link', { name: 'Wissen' }).click();
    await page.getByRole('heading', { name: 'Wissen' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
  }, 240_000);

  /** Gives the administrator something of everything. */
  const fill = async () => {
    const admin = new TestUser(graph.url, 'admin@example.org', PASSWORD);
    await admin.signIn();
    await admin.run('mutation { remember(input: { memories: [{ text: "Sails a sloop" }] }) { memories { id } } }');
    await admin.run(
      'mutation { setContext(input: { scope: { scope: USER }, key: "course", value: { degrees: 245 } }) { context { id } } }',
    );
    const made = await admin.run<{ createVectorCollection: { collection: { id: string } } }, object>(
      'mutation { createVectorCollection(input: { name: "log" }) { collection { id } } }',
    );
    const collectionId = made.createVectorCollection.collection.id;
    const objects = ['Wind from the south-west', 'Sun sight at noon', 'Reefed the sail'].map((text, id) => ({
      id,
      text,
    }));
    await admin.run('mutation ($input: UpsertVectorsInput!) { upsertVectors(input: $input) { storedCount } }', {
      input: { collectionId, objects: objects.map(({ id, text }) => ({ id: String(id), text })) },
    });
    const begun = await admin.run<
      {
        createImageUpload: {
          image: { id: string };
          upload: { url: string; headers: { name: string; value: string }[] };
        };
      },
      object
    >(
      `mutation ($input: CreateImageUploadInput!) { createImageUpload(input: $input) {
        image { id } upload { url headers { name value } } } }`,
      { input: { fileName: 'log-book.png', contentType: 'image/png', size: (await picture()).byteLength } },
    );
    const { image, upload } = begun.createImageUpload;
    const headers = Object.fromEntries(upload.headers.map(({ name, value }) => [name, value]));
    await fetch(upload.url, { method: 'PUT', headers, body: await picture() });
    return { collectionId, imageId: image.id };
  };

  it('keeps values by key, also in a conversation, and tells of two who write the same one', async () => {
    const { user, page } = await newPerson();
    await page.goto(`${graph.url}/contexts`);
    await page.getByRole('button', { name: 'New entry' }).click();
    await page.getByLabel('Key').fill('course');
    await page.getByLabel('Value').fill('{ degrees: 245 }');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('This is not JSON. Text stands in "quotes".').waitFor();
    await page.getByLabel('Value').fill('{ "degrees": 245 }');
    await page.getByRole('button', { name: 'Save' }).dblclick();
    await page.getByRole('article', { name: 'course' }).getByText('"degrees": 245').waitFor();
    await page.getByRole('button', { name: 'Edit: course' }).click();
    await user.run(
      'mutation { setContext(input: { scope: { scope: USER }, key: "course", value: 7 }) { context { version } } }',
    );
    await page.getByLabel('Value').fill('250');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => page.getByLabel('Value').inputValue()).toBe('7');
    await page.getByLabel('Value').fill('251');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('article', { name: 'course' }).getByText('251').waitFor();
    const made = await user.run<{ createConversation: { conversation: { id: string } } }, object>(
      'mutation { createConversation(input: { title: "The passage" }) { conversation { id } } }',
    );
    await page.getByRole('button', { name: 'Use in a conversation: course' }).click();
    await page.getByRole('dialog').getByRole('combobox', { name: 'Conversation' }).click();
    await page.getByRole('option', { name: 'The passage' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL(new RegExp(`scope=conversation&of=${made.createConversation.conversation.id}`));
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Delete: course' }).click();
    await page.getByText('Nothing here yet.').waitFor();
    await page.getByRole('radio', { name: 'You' }).locator('xpath=..').click();
    await page.getByRole('article', { name: 'course' }).waitFor();
  }, 240_000);

  it('makes a collection whose texts are found, and read on a map by keys', async () => {
    const { page } = await newPerson();
    await page.goto(`${graph.url}/vectors`);
    await page.getByRole('button', { name: 'New collection' }).click();
    await page.getByLabel('Name').fill('log');
    await page.getByRole('button', { name: 'Save' }).click();
    const texts = ['Sun sight at noon', 'Reefed the main sail', 'Wind from the south-west'];
    await page.getByLabel('Add texts, one a line').fill(texts.join('\n'));
    await page.getByRole('button', { name: 'Save' }).dblclick();
    await expect.poll(() => page.getByRole('button', { name: /^Delete: / }).count()).toBe(3);
    await page.getByRole('searchbox', { name: 'Search this collection' }).fill('sun at noon');
    await page
      .getByRole('img', { name: /^Score .*: Meaning .*, Words / })
      .first()
      .waitFor();
    await page.getByRole('tab', { name: 'Map' }).click();
    const map = page.getByRole('listbox', { name: 'Map' });
    await map.getByRole('option', { name: 'Sun sight at noon', selected: true }).waitFor();
    await map.focus();
    const read = new Set<string>();
    for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowRight', 'ArrowRight']) {
      await page.keyboard.press(key);
      const current = await map.getAttribute('aria-activedescendant');
      read.add((await page.locator(`#${current}`).getAttribute('aria-label'))!);
    }
    expect([...read].sort()).toEqual([...texts].sort());
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('No collections yet.').waitFor();
  }, 240_000);

  it('shows images that look alike, the text in one, and makes other sizes of it', async () => {
    const { page } = await newPerson();
    await page.goto(`${graph.url}/images`);
    const large = await picture();
    const small = await sharp(large).resize(300).jpeg().toBuffer();
    await page.locator('main input[type=file]').setInputFiles([
      { name: 'log.png', mimeType: 'image/png', buffer: large },
      { name: 'small.jpg', mimeType: 'image/jpeg', buffer: small },
    ]);
    await page.getByRole('link', { name: 'small.jpg' }).waitFor();
    await expect.poll(() => page.locator('.gallery img').count()).toBe(2);
    await page.getByRole('link', { name: 'log.png' }).click();
    await page
      .getByRole('region', { name: 'Similar pictures' })
      .getByText(/% alike$/)
      .waitFor();
    await page.getByRole('button', { name: 'Read the text' }).click();
    await page.locator('.picture rect').first().waitFor({ state: 'attached' });
    await page.getByRole('combobox', { name: 'Format' }).click();
    await page.getByRole('option', { name: 'JPEG' }).click();
    const opened = page.context().waitForEvent('page');
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    const variant = await opened;
    await expect.poll(() => variant.evaluate(() => document.contentType)).toBe('image/jpeg');
  }, 240_000);

  it('traces a request, and opens the explorer with the session of the console, which goes on there when its token ends', async () => {
    const admin = new TestUser(graph.url, 'admin@example.org', PASSWORD);
    await admin.signIn();
    const { page, person } = await tabOf(admin);
    const second = await person.tab();
    await second.goto(`${graph.url}/memory`);
    await second.getByRole('heading', { name: 'Memory' }).waitFor();
    await page.goto(`${graph.url}/system`);
    await page.getByRole('button', { name: 'Trace a request' }).click();
    const trace = await page.getByRole('link', { name: 'Open the trace' }).getAttribute('href');
    const traceId = /^https:\/\/traces\.example\.org\/(\w{32})$/.exec(trace!)![1];
    const spans = () => collector.spans.filter((span) => span.traceId === traceId).map(({ name }) => name);
    await expect.poll(spans, { timeout: 20_000 }).toEqual(expect.arrayContaining(['query', 'fetch vector']));
    await page.getByRole('link', { name: 'Explorer' }).click();
    await page.getByText(/^Signed in as /).waitFor();
    expect(new URL(page.url()).href).toBe(`${graph.url}/explorer`);
    await endToken(page);
    const answers: Promise<{ data?: { me?: object } }>[] = [];
    page.on('response', (response) => {
      if (response.request().postData()?.includes('WhoAmI')) answers.push(response.json());
    });
    await page.getByRole('button', { name: /^Execute query/ }).click();
    await expect.poll(async () => (await Promise.all(answers)).at(-1)?.data?.me).toMatchObject({ email: admin.email });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await second.getByRole('heading', { name: 'Sign in' }).waitFor();
  }, 240_000);

  it('says why an action came to nothing, and lists more than fits on a page', async () => {
    const { user, page } = await newPerson();
    const memories = Array.from({ length: 60 }, (_, index) => ({ text: `Fact number ${index}` }));
    for (const half of [memories.slice(0, 30), memories.slice(30)])
      await user.run('mutation ($input: RememberInput!) { remember(input: $input) { memories { id } } }', {
        input: { memories: half },
      });
    await page.goto(`${graph.url}/memory`);
    const listed = () => page.getByRole('article').count();
    await expect.poll(listed).toBe(50);
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(listed).toBe(60);
    await page.context().setOffline(true);
    await page
      .getByRole('button', { name: /^Pin: / })
      .first()
      .click();
    await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
    await page.context().setOffline(false);
    await page.getByRole('alert').getByRole('button', { name: 'Close' }).click();
    page.on('dialog', (dialog) => void dialog.accept());
    await page
      .getByRole('button', { name: /^Forget: / })
      .last()
      .click();
    await expect.poll(listed).toBe(59);
  }, 240_000);

  it('is loaded again where a part of it is gone since the server was upgraded', async () => {
    const { page } = await newPerson();
    let gone = 0;
    await page.route('**/memory-*.js', (route) => (gone++ === 0 ? route.fulfill({ status: 404 }) : route.continue()));
    await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'Memory' }).click();
    await page.getByRole('heading', { name: 'Memory', level: 1 }).waitFor();
    expect(gone).toBe(2);
  }, 240_000);

  it('fits a narrow phone, where the list of conversations opens by a button', async () => {
    const { page } = await newPerson({ viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true });
    await write(page, 'Hello from a phone');
    await ended(page);
    for (const name of PAGES.slice(0, -1)) {
      if (name !== 'chat') await page.goto(`${graph.url}/${name}`);
      const [width, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      expect([name, width]).toEqual([name, shown]);
    }
    await page.goto(`${graph.url}/chat`);
    await page.getByRole('button', { name: 'Conversations' }).click();
    await page.locator('.chat-row a').first().waitFor();
  }, 240_000);

  it('breaks names of one long word on a narrow phone, and shows each text in the direction of its words', async () => {
    const user = await TestUser.signUp(graph.url);
    const run = (mutation: string, input: object) =>
      // biome-ignore lint/suspicious/noExplicitAny: answers of many operations
      user.run<any, object>(mutation, { input });
    await run('mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { id } } }', {
      displayName: LONG,
    });
    const make =
      'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }';
    const { id } = (await run(make, { title: ARABIC })).createConversation.conversation;
    await run(make, { title: LONG });
    await run('mutation ($input: RememberInput!) { remember(input: $input) { memories { id } } }', {
      memories: [{ text: LONG }, { text: ARABIC }],
    });
    await run('mutation ($input: SetContextInput!) { setContext(input: $input) { context { id } } }', {
      scope: { scope: 'USER' },
      key: LONG,
      value: LONG,
    });
    const add = 'mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { id } } }';
    const documentId = (await run(add, { title: LONG, text: `${LONG} ${ARABIC}` })).addDocument.document.id;
    await run(add, { title: ARABIC, text: ARABIC });
    const collect =
      'mutation ($input: CreateVectorCollectionInput!) { createVectorCollection(input: $input) { collection { id } } }';
    const collectionId = (await run(collect, { name: LONG, description: LONG })).createVectorCollection.collection.id;
    await run('mutation ($input: UpsertVectorsInput!) { upsertVectors(input: $input) { storedCount } }', {
      collectionId,
      objects: [LONG, ARABIC].map((text, at) => ({ id: String(at), text })),
    });
    await run('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }', {
      name: LONG,
      scopes: ['CHAT_READ'],
    });
    await run('mutation ($input: CreateImageUploadInput!) { createImageUpload(input: $input) { image { id } } }', {
      fileName: `${LONG}.png`,
      contentType: 'image/png',
      size: 1_000,
    });
    const { page } = await tabOf(user, { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true });
    await page.goto(`${graph.url}/chat/${id}`);
    await write(page, `${ARABIC} ${LONG}`);
    await ended(page);
    /** What is wider than the place that it has, though nothing scrolls there. */
    const tooWide = () =>
      page.evaluate(() => {
        const scrolls = (element: Element) => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
        return [document.documentElement, ...document.querySelectorAll('main, .page, .thread, .messages, .composer')]
          .filter((element) => element.scrollWidth > element.clientWidth + 1)
          .filter((element) => !scrolls(element) || element.matches('.messages'))
          .map((element) => `${element.tagName}.${element.className}`);
      });
    const parts = [`chat/${id}`, `knowledge/${documentId}`, `vectors/${collectionId}`, `people?show=keys`];
    const backwards = async (name: string, places: readonly string[]) => {
      for (const place of places) {
        const shownThere = page.locator(place).filter({ hasText: ARABIC }).first();
        await shownThere.waitFor();
        const direction = await shownThere.evaluate((element) => getComputedStyle(element).direction);
        expect([name, place, direction]).toEqual([name, place, 'rtl']);
      }
    };
    for (const name of [...PAGES.slice(0, -1), ...parts]) {
      await page.goto(`${graph.url}/${name}`);
      await shown(page);
      expect([name, await tooWide()]).toEqual([name, []]);
      if (name === parts[0])
        await backwards(name, [
          'h1',
          '.asked .passage',
          '.reply h4',
          '.reply p',
          '.reply ul',
          '.reply blockquote',
          'table',
        ]);
      if (name === 'memory') await backwards(name, ['article .passage']);
      if (name === 'knowledge') await backwards(name, ['td a']);
      if (name === parts[2]) await backwards(name, ['.passage']);
    }
    await page.goto(`${graph.url}/chat`);
    await page.getByRole('button', { name: 'Conversations' }).click();
    await backwards('list', ['.chat-row .mantine-NavLink-label']);
    await page.getByRole('dialog').getByText(LONG).waitFor();
  }, 240_000);

  it('opens a document at a passage far in it, and pages through a thousand objects by keys', async () => {
    const { user, page } = await newPerson();
    const sections = Array.from({ length: 130 }, (_, at) => `# Watch ${at}\n\nThe log of watch number ${at} was calm.`);
    const added = await user.run<{ addDocument: { document: { id: string } } }, object>(
      'mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { id } } }',
      { input: { title: 'Log', format: 'MARKDOWN', text: sections.join('\n\n') } },
    );
    const { id } = added.addDocument.document;
    interface Read {
      readonly document: {
        readonly status: string;
        readonly passages: {
          readonly nodes: { readonly id: string }[];
          readonly pageInfo: { readonly endCursor: string };
        };
      };
    }
    const read = async (after?: string) =>
      (
        await user.run<Read, object>(
          `query ($id: ID!, $after: String) { document(id: $id) { status
            passages(first: 100, after: $after) { nodes { id } pageInfo { endCursor } } } }`,
          { id, after },
        )
      ).document;
    const made = await user.run<{ createVectorCollection: { collection: { id: string } } }, object>(
      'mutation ($input: CreateVectorCollectionInput!) { createVectorCollection(input: $input) { collection { id } } }',
      { input: { name: 'many', model: 'elsewhere', dimensions: 2 } },
    );
    const collectionId = made.createVectorCollection.collection.id;
    for (const half of [0, 500])
      await user.run('mutation ($input: UpsertVectorsInput!) { upsertVectors(input: $input) { storedCount } }', {
        input: {
          collectionId,
          objects: Array.from({ length: 500 }, (_, at) => ({
            id: `o${half + at}`,
            text: `o${half + at}`,
            vector: [1, at],
          })),
        },
      });
    for (let at = 0; at < 45; at++)
      await user.run<object, object>(
        'mutation ($title: String) { createConversation(input: { title: $title }) { conversation { id } } }',
        {
          title: `Watch ${at}`,
        },
      );
    await page.goto(`${graph.url}/chat`);
    const chats = () => page.locator('.chat-row').count();
    await expect.poll(chats).toBe(40);
    await page.getByRole('button', { name: 'Show more' }).press('Enter');
    await expect.poll(chats).toBe(45);
    // What is new leaves the later pages where they are, and what is deleted there goes.
    await user.run('mutation { createConversation(input: { title: "The newest" }) { conversation { id } } }');
    await page.locator('.chat-row').getByText('The newest').waitFor();
    expect(await chats()).toBe(46);
    await page.getByRole('button', { name: 'Actions: Watch 0', exact: true }).press('Enter');
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect.poll(chats).toBe(45);
    await page.goto(`${graph.url}/vectors/${collectionId}`);
    const more = page.getByRole('button', { name: 'Show more' });
    const rows = () => page.getByRole('button', { name: /^Delete: / }).count();
    await more.focus();
    for (let there = 100; there <= 1_000; there += 50) {
      await page.keyboard.press('Enter');
      await expect.poll(rows).toBe(there);
    }
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('That is all.');
    await expect.poll(async () => (await read()).status, { timeout: 60_000 }).toBe('READY');
    const last = (await read((await read()).passages.pageInfo.endCursor)).passages.nodes.at(-1)!;
    await page.goto(`${graph.url}/knowledge/${id}?passage=${last.id}`);
    const marked = page.locator('article.marked');
    await marked.getByText('watch number 129').waitFor();
    await expect.poll(() => marked.evaluate((element) => element.getBoundingClientRect().top)).toBeLessThan(800);
  }, 240_000);

  it('is used without a mouse', async () => {
    const user = await TestUser.signUp(graph.url);
    const person = await browser.person();
    lifecycle.defer(() => person.close());
    const page = await person.tab();
    await page.goto(`${graph.url}/chat`);
    await page.getByLabel('E-mail address').focus();
    await page.keyboard.type(user.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Write a message' }).waitFor();
    // The field has the focus: a person types at once.
    await page.keyboard.type('Hello');
    await page.keyboard.press('Enter');
    await ended(page);
    // What has the focus goes when another version takes its place: it stays in that place.
    const focused = () =>
      page.evaluate(() => {
        const { activeElement: element } = document;
        return `${element?.closest('article')?.className} ${element?.getAttribute('aria-label')}`;
      });
    await page.getByRole('button', { name: 'Write another reply' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('2 of 2').waitFor();
    await expect.poll(focused).toMatch(/^reply (Sextant|Write another reply)$/);
    await ended(page);
    await page.getByRole('button', { name: 'Write another reply' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('3 of 3').waitFor();
    await ended(page);
    await page.getByRole('button', { name: 'Previous version' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('2 of 3').waitFor();
    await expect.poll(focused).toBe('reply Previous version');
    await page.keyboard.press('Enter');
    // It cannot be pressed at the first one.
    await page.getByText('1 of 3').waitFor();
    await expect.poll(focused).toBe('reply Sextant');
    await page.getByRole('button', { name: 'Edit' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type(' again');
    await expect.poll(focused).toBe('asked Edit');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(focused).toBe('asked You');
    await page.locator('article.asked').getByText('Hello again').waitFor();
    await ended(page);
    // Buttons of the field go with what they do: it has the focus then, and also where a reply ends by itself.
    const field = page.getByRole('textbox', { name: 'Write a message' });
    const stop = page.getByRole('button', { name: 'Stop' });
    const sendByKey = async (text: string) => {
      await field.fill(text);
      await page.getByRole('button', { name: 'Send', exact: true }).focus();
      await page.keyboard.press('Enter');
      await page.locator('article.reply[data-status=STREAMING]').getByText('word19').waitFor();
      await expect.poll(focused).toBe('undefined Write a message');
      await stop.focus();
      await expect.poll(focused).toBe('undefined Stop');
    };
    await sendByKey('Hold on till I stop it');
    await page.keyboard.press('Enter');
    await ended(page, 'STOPPED');
    await stop.waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('undefined Write a message');
    goOn();
    await sendByKey('Hold on till the end');
    goOn();
    await stop.waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('undefined Write a message');
    // The article stays where what it says is deleted.
    await page.getByRole('button', { name: 'Delete the message' }).last().focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Delete');
    await page.keyboard.press('Enter');
    await page.getByText('This message was deleted.').waitFor();
    await expect.poll(focused).toBe('reply Sextant');
    // A picture of the clipboard goes with the message, also one that a file manager names; not that of a text.
    const paste = async (name: string, text?: string) =>
      field.evaluate(
        (element, { bytes, name, text }) => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
          if (text !== undefined) clipboardData.setData('text/plain', text);
          const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true });
          return !element.dispatchEvent(event);
        },
        { bytes: [...(await picture())], name, text },
      );
    expect(await paste('of a text.png', 'A text')).toBe(false);
    expect(await paste('pasted.png')).toBe(true);
    await page.getByText('pasted.png').waitFor();
    expect(await paste('copied in a folder.png', 'copied in a folder.png\n')).toBe(true);
    await page.getByText('copied in a folder.png').waitFor();
  }, 240_000);

  it('makes the first administrator with the link of the start, and answers about a sample document', async () => {
    const port = String(await freePort());
    const directory = `/tmp/sextant-first-run-${randomUUID()}`;
    const fresh = await SextantProcess.start(['up'], { SEXTANT_DIR: directory, PORT: port });
    try {
      await expect.poll(() => fresh.output.join('\n')).toContain('First admin');
      const [link] = /http\S+first-run\S+/.exec(fresh.output.join('\n'))!;
      const person = await browser.person();
      const page = await person.tab();
      await page.goto(link);
      await page.getByLabel('E-mail address').fill('first@example.org');
      await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
      await page.getByRole('button', { name: 'Create the administrator' }).click();
      await page.getByText('Language models').waitFor();
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole('button', { name: 'Use the sample document' }).click();
      await page.waitForURL(/\/chat\?ask=/);
      await page.getByRole('button', { name: 'Send' }).click();
      await ended(page);
      await page.getByRole('button', { name: /^Source 1/ }).click();
      await page
        .getByRole('dialog')
        .getByText(/sixth of a circle/)
        .waitFor();
      await person.close();
    } finally {
      await fresh.stop();
    }
  }, 240_000);
});
