// `npm run screenshots -- FOLDER`: every page of the console as a person sees it, in both themes, on a phone and on a
// desktop, of a product that runs for it with something in it.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { createSextant, memoryStore } from '../../clients/typescript/src/index.ts';
import { BROWSER_SKIPPED, TestBrowser } from '../testing/browser.ts';
import { startEmbedded } from '../testing/sextant.ts';
import { picture } from './picture.ts';

const PASSWORD = 'a star above the horizon';
const EMAIL = 'ada@example.org';
const REPLY = `A sextant needs only a **sixth of a circle** because light is reflected *twice*: the arc of 60° measures angles of up to 120°.

| Body | Angle | Index error |
|---|---|---|
| Sun, lower limb | 42° 17.3′ | +0.4′ |
| Polaris | 51° 02.8′ | +0.4′ |

For a sight at noon, with altitude $h$ and declination $\\delta$:

$$\\varphi = 90^\\circ - h + \\delta$$

To find the latitude at noon:

1. Measure the angle of the sun above the horizon.
2. Subtract it from 90°, and add the declination of the day.

\`\`\`ts
const latitude = 90 - altitude + declination; // in degrees
\`\`\`

An error of one minute of arc is an error of one nautical mile.`;
const DOCUMENT = `# How a sextant works

A sextant measures the angle between two things that can be seen, most often the horizon and the sun.

## Why sixty degrees are enough

The arc is a sixth of a circle. Because light is reflected twice, the arc of 60 degrees measures angles of up to 120 degrees.`;

const LOG = [
  ...['Wind from the south-west, force 5', 'The wind backs to the south', 'Squall from the west, gusts of force 8'],
  ...['Sun sight at noon, 42 degrees', 'Altitude of Polaris at dawn', 'Latitude by the meridian passage of the sun'],
  ...['Reefed the main sail', 'Changed the jib for the storm jib', 'Mended the torn sail on deck'],
  ...['Bread is baked again', 'Two weeks of water are left', 'Caught three mackerel for supper'],
  ...['Dolphins at the bow', 'A whale to starboard', 'Gulls follow the ship'],
];

if (BROWSER_SKIPPED) throw new Error(`There are no pictures without a browser.${BROWSER_SKIPPED}`);
const folder = path.resolve(process.argv[2] ?? 'screenshots');
await mkdir(folder, { recursive: true });
await using lifecycle = new AsyncDisposableStack();
const model = lifecycle.use(await FaultServer.start(answer(REPLY.split(/(?<= )/), { gapMs: 2, usage: [812, 214] })));
const graph = lifecycle.use(
  await startEmbedded({
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: model.url,
    OPENAI_MODEL: 'gpt-5.1-mini',
    ADMIN_EMAIL: EMAIL,
    ADMIN_PASSWORD: PASSWORD,
  }),
);
const paths = await fill();
const browser = lifecycle.use(await TestBrowser.open());
for (const colorScheme of ['light', 'dark'] as const) {
  for (const [device, width, height] of [
    ['desktop', 1280, 800],
    ['phone', 390, 844],
  ] as const) {
    const person = await browser.person({ colorScheme, viewport: { width, height } });
    const page = await person.tab();
    const shoot = async (name: string) => {
      await page.waitForLoadState('networkidle').catch(() => undefined);
      await page.waitForTimeout(300);
      await page.screenshot({ path: path.join(folder, `${name}-${colorScheme}-${device}.png`) });
    };
    await page.goto(`${graph.url}/chat`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await shoot('sign-in');
    await signIn(page);
    for (const [name, address] of paths) {
      await page.goto(graph.url + address);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await shoot(name);
    }
    await person.close();
  }
}
console.log(`${folder} has the pictures`);

async function signIn(page: Page): Promise<void> {
  await page.getByLabel('E-mail address').fill(EMAIL);
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Menu' }).waitFor({ state: 'attached' });
}

/** Puts something on every page, and returns their addresses. */
async function fill(): Promise<[name: string, address: string][]> {
  const sextant = createSextant({ url: graph.url, store: memoryStore() });
  lifecycle.defer(() => sextant.close());
  await sextant.session.signIn(EMAIL, PASSWORD);
  const file = new File([DOCUMENT], 'how-a-sextant-works.md', { type: 'text/markdown' });
  const document = await sextant.uploads.document(file);
  await sextant.uploads.document(
    new File(['Tides of June: high water at 04:12 and 16:40.'], 'tides.txt', { type: 'text/plain' }),
  );
  await sextant.uploads
    .document(new File(['%PDF-1.7 broken'], 'chart.pdf', { type: 'application/pdf' }))
    .catch(() => undefined);
  await sextant.uploads.image(
    new File(
      [
        await sharp(await picture())
          .resize(500)
          .jpeg()
          .toBuffer(),
      ],
      'copy.jpg',
      { type: 'image/jpeg' },
    ),
  );
  const image = await sextant.uploads.image(new File([await picture()], 'log-book.png', { type: 'image/png' }));
  await sextant.request('mutation Read($id: ID!) { recognizeText(input: { id: $id }) { image { id } } }', {
    id: image.id,
  });
  await sextant.request(`mutation { remember(input: { memories: [
    { text: "Prefers distances in nautical miles", kind: PREFERENCE, pinned: true },
    { text: "Sails a sloop called Cassiopeia", kind: FACT },
    { text: "Answer briefly, with figures", kind: INSTRUCTION } ] }) { memories { id } } }`);
  const made = await sextant.request<{ createVectorCollection: { collection: { id: string } } }, object>(
    'mutation { createVectorCollection(input: { name: "log-entries", description: "Entries of the ship’s log" }) { collection { id } } }',
  );
  const collectionId = made.createVectorCollection.collection.id;
  const objects = LOG.map((text, index) => ({ id: String(index), text }));
  await sextant.request(`mutation { setContext(input: { scope: { scope: USER }, key: "ship.position",
    value: { latitude: 42.29, longitude: -17.11, course: 245 }, ttlSeconds: 86400 }) { context { id } } }`);
  await sextant.request('mutation Add($input: UpsertVectorsInput!) { upsertVectors(input: $input) { storedCount } }', {
    input: { collectionId, objects },
  });
  for (const title of ['Provisions for two weeks', 'Lights and buoys']) await sextant.startConversation({ title });
  const conversation = await sextant.startConversation({ title: 'A sixth of a circle' });
  await conversation.send('Why does a sextant need only a sixth of a circle?', { useMemory: true }).end();
  return [
    ['chat', `/chat/${conversation.id}`],
    ['new-chat', '/chat'],
    ['knowledge', '/knowledge'],
    ['document', `/knowledge/${document.id}`],
    ['memory', '/memory'],
    ['contexts', '/contexts'],
    ['images', '/images'],
    ['image', `/images/${image.id}`],
    ['vectors', '/vectors'],
    ['collection', `/vectors/${collectionId}`],
    ['map', `/vectors/${collectionId}?show=map`],
    ['usage', '/usage'],
    ['people', '/people'],
    ['account', '/account'],
    ['change-email', '/change-email?token=x'],
    ['system', '/system'],
    ['first-run', '/first-run'],
  ];
}
