import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, FaultServer, json } from '#llm/testing/fault-server.ts';
import { type GraphqlAnswer, subscriptionError, TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import { type RunningGraph, runToEnd, startEmbedded } from './testing/sextant.ts';

const page = await readFile(new URL('../subgraphs/vision/testing/page.png', import.meta.url));

interface Image {
  readonly id: string;
  readonly status: string;
  readonly problem: string | null;
  readonly contentType: string;
  readonly width: number;
  readonly height: number;
  readonly url: string | null;
  readonly analysis: { kind: string; perceptualHash: string; thumbhash: string } | null;
  readonly ocr: { status: string; text: string; confidence: number; lines: { text: string }[] } | null;
}
interface ReadPages {
  readonly text: string;
  readonly pages: readonly { number: number; lines: object[] }[];
  readonly lines: readonly { page: number }[];
}
interface Upload {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly { name: string; value: string }[];
}

const IMAGE = `id status problem contentType width height url
  analysis { kind perceptualHash thumbhash } ocr { status text confidence lines { text } }`;
const READ = `query ($id: ID!) { image(id: $id) { ${IMAGE} } }`;
const BEGIN = `mutation ($input: CreateImageUploadInput!) {
  createImageUpload(input: $input) { image { id status } upload { url method headers { name value } maxBytes } } }`;

const codeOf = ({ errors }: GraphqlAnswer<unknown>): unknown => errors?.[0]?.extensions?.['code'];

/** What a frontend does with a picture. */
class Photographer {
  readonly user: TestUser;

  constructor(user: TestUser) {
    this.user = user;
  }

  async begin(bytes: Uint8Array, contentType = 'image/png', recognizeText = false) {
    const input = { fileName: 'page.png', contentType, size: bytes.byteLength, recognizeText };
    const { createImageUpload } = await this.user.run<
      { createImageUpload: { image: Image; upload: Upload } },
      { input: object }
    >(BEGIN, { input });
    return createImageUpload;
  }

  async send(upload: Upload, bytes: Uint8Array): Promise<number> {
    const headers = Object.fromEntries(upload.headers.map(({ name, value }) => [name, value]));
    const response = await fetch(this.here(upload.url), { method: upload.method, headers, body: bytes as BodyInit });
    await response.body?.cancel();
    return response.status;
  }

  async upload(bytes: Uint8Array, contentType = 'image/png'): Promise<Image> {
    const { image, upload } = await this.begin(bytes, contentType);
    expect(await this.send(upload, bytes)).toBe(204);
    return (await this.follow(image.id)).at(-1)!;
  }

  async read(id: string): Promise<Image | null> {
    return (await this.user.run<{ image: Image | null }, { id: string }>(READ, { id })).image;
  }

  /** All that imageProgress tells until it ends. */
  async follow(id: string): Promise<Image[]> {
    const socket = this.user.socket();
    const seen: Image[] = [];
    try {
      const query = `subscription ($id: ID!) { imageProgress(id: $id) { ${IMAGE} } }`;
      for await (const { data, errors } of socket.iterate<{ imageProgress: Image }>({ query, variables: { id } })) {
        if (errors?.[0]) throw errors;
        seen.push(data!.imageProgress);
      }
    } catch (error) {
      throw subscriptionError(error);
    } finally {
      await socket.dispose();
    }
    return seen;
  }

  /** A signed link as it is reached in the test: the graph writes the address that it is published under. */
  here(url: string): string {
    return url.replace(/^https?:\/\/[^/]+/, this.user.url);
  }
}

describe.each(MODES)('vision through the gateway, %s', (_, skipped, start) => {
  describe.skipIf(skipped)('a picture', () => {
    const lifecycle = new AsyncDisposableStack();
    let model: FaultServer;
    let graph: RunningGraph;
    let ada: Photographer;
    let eve: Photographer;

    beforeAll(async () => {
      model = lifecycle.use(await FaultServer.start());
      const folder = await mkdtemp(path.join(tmpdir(), 'sextant-vision-'));
      lifecycle.defer(() => rm(folder, { recursive: true, force: true }));
      await writeFile(
        path.join(folder, 'llm.yaml'),
        `
default: smart
default_images: paint
providers: { test: { type: compatible, base_url: "${model.url}", api_key: sk-test } }
deployments:
  seer: { provider: test, model: test-model, capabilities: [chat, vision], context_window: 100000 }
  painter: { provider: test, model: test-painter, capabilities: [images] }
models: { smart: { deployments: [seer] }, paint: { deployments: [painter] } }
`,
      );
      graph = await start({ LLM_CONFIG: path.join(folder, 'llm.yaml') }, lifecycle);
      ada = new Photographer(await TestUser.signUp(graph.url));
      eve = new Photographer(await TestUser.signUp(graph.url));
    }, 120_000);
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    it('an upload by signed link is analysed, and the watchers are told', async () => {
      const { image, upload } = await ada.begin(page);
      expect(image.status).toBe('AWAITING_UPLOAD');
      const progress = ada.follow(image.id);
      expect(await ada.send(upload, page)).toBe(204);
      const seen = await progress;
      expect(seen.at(-1)).toMatchObject({ status: 'READY', contentType: 'image/png', analysis: { kind: 'DOCUMENT' } });
      const { width, height } = await sharp(page).metadata();
      expect(seen.at(-1)).toMatchObject({ width, height });
      expect(seen.at(-1)!.analysis!.perceptualHash).toMatch(/^[0-9a-f]{16}$/);
      // The link has done its work.
      expect(await ada.send(upload, page)).toBe(409);
    });

    it('of two uploads to one link at once, one is taken, and what is served is what was analysed', async () => {
      const other = await sharp(page).negate().png().toBuffer();
      const larger = Math.max(page.byteLength, other.byteLength);
      const { image, upload } = await ada.begin(Buffer.alloc(larger));
      const sent = await Promise.all([ada.send(upload, page), ada.send(upload, other)]);
      expect(sent.toSorted()).toEqual([204, 409]);
      await ada.follow(image.id);
      const taken = sent[0] === 204 ? page : other;
      const { url } = (await ada.read(image.id))!;
      const served = await fetch(ada.here(url!));
      expect(Buffer.from(await served.arrayBuffer()).equals(taken)).toBe(true);
    });

    it('text is read, found by its words, and asked for before the analysis is over too', async () => {
      const { image, upload } = await ada.begin(page);
      expect(await ada.send(upload, page)).toBe(204);
      const recognise = 'mutation ($id: ID!) { recognizeText(input: { id: $id }) { image { id ocr { status } } } }';
      const asked = await ada.user.run<{ recognizeText: { image: Image } }, { id: string }>(recognise, {
        id: image.id,
      });
      expect(asked.recognizeText.image.ocr).toEqual({ status: 'RUNNING' });
      const seen = await ada.follow(image.id);
      const { ocr } = seen.at(-1)!;
      expect(ocr).toMatchObject({
        status: 'DONE',
        lines: expect.arrayContaining([{ text: 'Invoice 2047 was paid on 14 March 2026.' }]),
      });
      expect(ocr!.confidence).toBeGreaterThan(85);
      const search = 'query ($words: String!) { images(search: $words) { nodes { id } } }';
      const found = async (words: string, who = ada) =>
        (await who.user.run<{ images: { nodes: { id: string }[] } }, { words: string }>(search, { words })).images
          .nodes;
      expect(await found('navigators POSITION')).toEqual([{ id: image.id }]);
      expect(await found('zeppelin')).toEqual([]);
      expect(await found('navigators', eve)).toEqual([]);
    });

    it('links give the original and variants, and nothing without their signature', async () => {
      const { id } = await ada.upload(page);
      const links = `query ($id: ID!) { image(id: $id) { original: url
      small: url(width: 100, height: 80) square: url(width: 64, height: 64, fit: COVER, format: JPEG) } }`;
      const { image } = await ada.user.run<{ image: Record<'original' | 'small' | 'square', string> }, { id: string }>(
        links,
        { id },
      );
      const get = async (url: string, headers: Record<string, string> = {}) => {
        const response = await fetch(ada.here(url), { headers });
        return { response, bytes: Buffer.from(await response.arrayBuffer()) };
      };
      const original = await get(image.original);
      expect(original.bytes.equals(page)).toBe(true);
      expect(original.response.headers.get('content-type')).toBe('image/png');
      expect(original.response.headers.get('content-security-policy')).toContain('sandbox');
      const [small, again] = await Promise.all([get(image.small), get(image.small)]);
      expect(again.bytes.equals(small.bytes)).toBe(true);
      const { format, width, height } = await sharp(small.bytes).metadata();
      expect(format).toBe('webp');
      expect(Math.max(width / 100, height / 80)).toBeCloseTo(1, 1);
      expect(await sharp((await get(image.square)).bytes).metadata()).toMatchObject({
        format: 'jpeg',
        width: 64,
        height: 64,
      });
      const etag = original.response.headers.get('etag')!;
      expect((await get(image.original, { 'if-none-match': etag })).response.status).toBe(304);
      expect((await get(image.small.replace('100x80', '4000x4000'))).response.status).toBe(403);
      expect((await get(image.original.replace(/signature=[^&]+/, ''))).response.status).toBe(403);
    });

    it('a link tells nothing of where and by whom a picture was taken, unless the file itself is asked for', async () => {
      const tagged = await sharp(page)
        .withExif({
          IFD0: { Make: 'Sextant', Artist: 'Ada Lovelace' },
          IFD2: { BodySerialNumber: '0042' },
          IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
        })
        .jpeg()
        .toBuffer();
      const { id } = await ada.upload(tagged, 'image/jpeg');
      const query = `query ($id: ID!) { image(id: $id) { url file: url(original: true) small: url(width: 50)
        analysis { exif all: exif(includeLocation: true, includePersonal: true) } } }`;
      const { image } = await ada.user.run<
        { image: { url: string; file: string; small: string; analysis: { exif: object; all: object } } },
        { id: string }
      >(query, { id });
      const get = async (url: string) => Buffer.from(await (await fetch(ada.here(url))).arrayBuffer());
      expect((await get(image.file)).equals(tagged)).toBe(true);
      for (const url of [image.url, image.small]) {
        const served = await get(url);
        expect(served.toString('latin1')).not.toMatch(/Ada Lovelace|0042/);
        expect((await sharp(served).metadata()).exif).toBeUndefined();
      }
      expect(
        await sharp(await get(image.url))
          .raw()
          .toBuffer(),
      ).toEqual(await sharp(tagged).raw().toBuffer());
      expect(image.analysis.exif).toMatchObject({ Make: 'Sextant' });
      expect(JSON.stringify(image.analysis.exif)).not.toMatch(/Lovelace|0042|GPSLatitude"/);
      expect(image.analysis.all).toMatchObject({
        Artist: 'Ada Lovelace',
        BodySerialNumber: '0042',
        location: { GPSLatitudeRef: 'N' },
      });
      const both = await ada.user.send('query ($id: ID!) { image(id: $id) { url(original: true, width: 5) } }', { id });
      expect(codeOf(both)).toBe('BAD_USER_INPUT');
    });

    it('a link tells nothing that stands in a comment, in a text or behind the end of the file either', async () => {
      const plain = sharp(page);
      const jpeg = await plain.jpeg().toBuffer();
      const png = await plain.png().toBuffer();
      const gif = await plain.gif().toBuffer();
      const secret = Buffer.from('Ada was at 48.85 N');
      const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, secret.length + 2]), secret]);
      const text = Buffer.concat([Buffer.from('tEXtComment\0'), secret]);
      const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(text.length - 4);
      checksum.writeUInt32BE(crc32(text));
      const files: [string, string, Buffer, boolean][] = [
        ['a comment', 'image/jpg', Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]), true],
        ["a telephone's moving picture", 'image/jpeg', Buffer.concat([jpeg, Buffer.from('ftypmp42'), secret]), true],
        ['a text', 'image/png', Buffer.concat([png.subarray(0, 33), length, text, checksum, png.subarray(33)]), true],
        ['behind a GIF', 'image/gif', Buffer.concat([gif, secret]), true],
        ['behind a WebP', 'image/webp', Buffer.concat([await plain.webp().toBuffer(), secret]), true],
        ['behind an AVIF', 'image/avif', Buffer.concat([await plain.avif({ effort: 0 }).toBuffer(), secret]), false],
      ];
      for (const [name, type, file, isSame] of files) {
        const { image, upload } = await ada.begin(file, type);
        expect(await ada.send(upload, file)).toBe(204);
        const read = (await ada.follow(image.id)).at(-1)!;
        expect(read, name).toMatchObject({ status: 'READY' });
        const served = Buffer.from(await (await fetch(ada.here(read.url!))).arrayBuffer());
        expect(served.toString('latin1'), name).not.toContain('48.85');
        const pixels = (bytes: Buffer) => sharp(bytes).raw().toBuffer();
        if (isSame) expect((await pixels(served)).equals(await pixels(file)), name).toBe(true);
      }
    }, 60_000);

    it('a picture of an iPhone is read, and shown by all browsers', async () => {
      const heic = await readFile(new URL('../subgraphs/vision/testing/text.heic', import.meta.url));
      const { image, upload } = await ada.begin(heic, 'image/heic', true);
      expect(await ada.send(upload, heic)).toBe(204);
      const last = (await ada.follow(image.id)).at(-1)!;
      expect(last).toMatchObject({ contentType: 'image/heic', width: 600, height: 400, ocr: { status: 'DONE' } });
      expect(last.ocr!.text).toContain('sextant');
      const served = await fetch(ada.here(last.url!));
      expect(served.headers.get('content-type')).toBe('image/jpeg');
      const { format, width } = await sharp(Buffer.from(await served.arrayBuffer())).metadata();
      expect({ format, width }).toEqual({ format: 'jpeg', width: 600 });
    });

    it('all pages of a TIFF are read, one after another, and shown', async () => {
      const tiff = await sharp([page, await sharp(page).negate().png().toBuffer(), page], { join: { animated: true } })
        .tiff({ compression: 'deflate' })
        .toBuffer();
      const { image, upload } = await ada.begin(tiff, 'image/tiff', true);
      expect(await ada.send(upload, tiff)).toBe(204);
      await ada.follow(image.id);
      const query = `query ($id: ID!) { image(id: $id) { third: url(page: 3, width: 90)
        ocr { pageCount pagesRead text pages { number language width text lines { page box { x } } } lines { page } } } }`;
      const read = await ada.user.run<{ image: { third: string; ocr: ReadPages } }, { id: string }>(query, {
        id: image.id,
      });
      const { ocr, third } = read.image;
      expect(ocr).toMatchObject({ pageCount: 3, pagesRead: 3, pages: [{ number: 1 }, { number: 2 }, { number: 3 }] });
      for (const one of ocr.pages) expect(one).toMatchObject({ language: 'eng', width: 900, lines: { length: 5 } });
      expect(ocr.text.match(/Invoice 2047/g)).toHaveLength(3);
      expect(ocr.lines.map((line: { page: number }) => line.page)).toEqual([1, 2, 3].flatMap((n) => Array(5).fill(n)));
      const { width } = await sharp(Buffer.from(await (await fetch(ada.here(third))).arrayBuffer())).metadata();
      expect(width).toBe(90);
      const fourth = await ada.user.send('query ($id: ID!) { image(id: $id) { url(page: 4) } }', { id: image.id });
      expect(codeOf(fourth)).toBe('BAD_USER_INPUT');
    });

    it('an animation goes on moving in its variants', async () => {
      const frames = await Promise.all(
        ['#f00', '#0f0', '#00f'].map((background) =>
          sharp({ create: { width: 60, height: 40, channels: 3, background } })
            .png()
            .toBuffer(),
        ),
      );
      const moving = await sharp(frames, { join: { animated: true } })
        .gif({ delay: [80, 80, 80] })
        .toBuffer();
      const { id, url } = await ada.upload(moving, 'image/gif');
      const query = `query ($id: ID!) { image(id: $id) { webp: url(width: 30) gif: url(width: 30, height: 30, fit: COVER,
        format: GIF) still: url(width: 30, format: PNG) } }`;
      const { image } = await ada.user.run<{ image: Record<string, string> }, { id: string }>(query, { id });
      const frame = async (link: string) => {
        const response = await fetch(ada.here(link));
        const { format, pages = 1, width, delay } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
        return { format, pages, width, delay: delay?.[0] };
      };
      expect(await frame(url!)).toEqual({ format: 'gif', pages: 3, width: 60, delay: 80 });
      expect(await frame(image['webp']!)).toEqual({ format: 'webp', pages: 3, width: 30, delay: 80 });
      expect(await frame(image['gif']!)).toEqual({ format: 'gif', pages: 3, width: 30, delay: 80 });
      expect(await frame(image['still']!)).toMatchObject({ format: 'png', pages: 1, width: 30 });
    });

    it("another person's page is read while forty of the first wait", async () => {
      const line = await sharp(page).extract({ left: 0, top: 30, width: 700, height: 50 }).png().toBuffer();
      const ends: Promise<unknown>[] = [];
      const order: string[] = [];
      const ask = async (who: Photographer, name: string): Promise<void> => {
        const { image, upload } = await who.begin(line, 'image/png', true);
        ends.push(who.follow(image.id).then(() => order.push(name)));
        expect(await who.send(upload, line)).toBe(204);
      };
      await Promise.all(Array.from({ length: 40 }, () => ask(ada, 'ada')));
      const before = order.length;
      await ask(eve, 'eve');
      await Promise.all(ends);
      // Two pages a reader, and as many as were on their way to the watchers.
      expect(order.indexOf('eve') - before).toBeLessThanOrEqual(8);
      expect(order).toHaveLength(41);
    }, 120_000);

    it('pictures that look alike are found, nearest first', async () => {
      const pattern = (seed: number) =>
        sharp(
          Buffer.from(
            Array.from(
              { length: 160 * 120 },
              (_, i) => 127 + 120 * Math.sin(seed + (i % 160) / 13 + Math.floor(i / 160) / 9),
            ),
          ),
          { raw: { width: 160, height: 120, channels: 1 } },
        );
      const first = await ada.upload(await pattern(1).png().toBuffer());
      const copy = await ada.upload(await pattern(1).resize(90).jpeg({ quality: 50 }).toBuffer(), 'image/jpeg');
      await ada.upload(await pattern(3.5).png().toBuffer());
      await eve.upload(await pattern(1).png().toBuffer());
      const similar = 'query ($id: ID!) { similarImages(id: $id) { image { id } distance } }';
      const { similarImages } = await ada.user.run<
        { similarImages: { image: { id: string }; distance: number }[] },
        { id: string }
      >(similar, { id: first.id });
      expect(similarImages.map(({ image }) => image.id)).toEqual([copy.id]);
      expect(similarImages[0]!.distance).toBeLessThanOrEqual(10);
    });

    it("another user's picture reads as one that does not exist", async () => {
      const { id } = await ada.upload(page);
      expect(await eve.read(id)).toBeNull();
      await expect(eve.follow(id)).rejects.toThrow('image');
      for (const field of ['recognizeText', 'describeImage', 'deleteImage']) {
        const selection = field === 'deleteImage' ? 'deletedId' : 'image { id }';
        const sent = await eve.user.send(`mutation ($id: ID!) { ${field}(input: { id: $id }) { ${selection} } }`, {
          id,
        });
        expect(codeOf(sent)).toBe('NOT_FOUND');
      }
      expect(await ada.read(id)).toMatchObject({ status: 'READY' });
    });

    it('a deleted picture is gone, with its links', async () => {
      const { id, url } = await ada.upload(page);
      await ada.user.run('mutation ($id: ID!) { deleteImage(input: { id: $id }) { deletedId } }', { id });
      expect(await ada.read(id)).toBeNull();
      await expect.poll(async () => (await fetch(ada.here(url!))).status, { timeout: 5_000 }).toBe(404);
    });

    it.each([
      ['text that calls itself a picture', Buffer.from('<html>hello</html>'), 'not a picture'],
      [
        'a drawing that could hold scripts',
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
        'svg',
      ],
      ['half a picture', page.subarray(0, 4_000), 'damaged'],
    ])('%s is refused with the reason', async (_, bytes, reason) => {
      const { image, upload } = await ada.begin(bytes, 'image/png', true);
      expect(await ada.send(upload, bytes)).toBe(204);
      const last = (await ada.follow(image.id)).at(-1)!;
      expect(last).toMatchObject({ status: 'REFUSED', url: null, ocr: { status: 'FAILED' } });
      expect(last.problem).toContain(reason);
      const asked = await ada.user.send('mutation ($id: ID!) { recognizeText(input: { id: $id }) { image { id } } }', {
        id: image.id,
      });
      expect(codeOf(asked)).toBe('CONFLICT');
    });

    it('an upload may be no larger and of no other type than was said', async () => {
      const { upload } = await ada.begin(page.subarray(0, 100));
      expect(await ada.send(upload, page)).toBe(413);
      expect(await ada.send({ ...upload, headers: [{ name: 'content-type', value: 'text/html' }] }, page)).toBe(400);
      const refused = async (input: object) =>
        codeOf(
          await ada.user.send(BEGIN, { input: { fileName: 'a.png', contentType: 'image/png', size: 9, ...input } }),
        );
      expect(await refused({ contentType: 'image/svg+xml' })).toBe('BAD_USER_INPUT');
      expect(await refused({ size: 26 * 1024 ** 2 })).toBe('PAYLOAD_TOO_LARGE');
      expect(await refused({ size: 0 })).toBe('BAD_USER_INPUT');
      expect(await refused({ fileName: 'a\0b.png' })).toBe('BAD_USER_INPUT');
      expect(codeOf(await ada.user.send('{ images(search: "a\\u0000b") { nodes { id } } }'))).toBe('BAD_USER_INPUT');
      expect(codeOf(await ada.user.send('{ images(first: 101) { nodes { id } } }'))).toBe('BAD_USER_INPUT');
    });

    it('a model that sees describes a picture, and the picture is found by what it said', async () => {
      const { id } = await ada.upload(page);
      model.behave(answer('A page about a sextant.\nLabels: page, Instrument, page.'));
      const describeImage = `mutation ($id: ID!, $question: String) { describeImage(input: { id: $id, question: $question }) {
      description { text labels question model } image { descriptions { text } } } }`;
      const { data } = await ada.user.send<{ describeImage: object }, object>(describeImage, { id });
      expect(data?.describeImage).toMatchObject({
        description: {
          text: 'A page about a sextant.',
          labels: ['page', 'instrument'],
          question: null,
          model: 'smart',
        },
        image: { descriptions: [{ text: 'A page about a sextant.' }] },
      });
      const sent = model.seen.at(-1)!.body as {
        messages: { content: { type: string; image_url?: { url: string } }[] }[];
      };
      const picture = sent.messages[0]!.content.find(({ type }) => type === 'image_url')!.image_url!.url;
      expect(picture).toMatch(/^data:image\/jpeg;base64,/);
      const { images } = await ada.user.run<{ images: { nodes: { id: string }[] } }, never>(
        '{ images(search: "instrument") { nodes { id } } }',
      );
      expect(images.nodes).toEqual([{ id }]);
      // In any script, and without its accents.
      model.behave(answer('Ein Café in der Straße. 今日はNikonのカメラで猫を撮りました。 วันนี้อากาศดีมาก\nLabels: café.'));
      await ada.user.run<unknown, object>(describeImage, { id, question: 'Was steht da?' });
      const found = async (words: string) =>
        (
          await ada.user.run<{ images: { nodes: { id: string }[] } }, { words: string }>(
            'query ($words: String!) { images(search: $words) { nodes { id } } }',
            { words },
          )
        ).images.nodes.map((node) => node.id);
      for (const words of [
        'cafe',
        'CAFÉ strasse',
        'Straße',
        'カメラ',
        '猫',
        'nikon',
        'Nikonのカメラ',
        'อากาศ',
        'instruments',
      ])
        expect(await found(words), words).toEqual([id]);
      for (const words of ['cafeteria', '犬', 'カメラ屋', 'zeppelin']) expect(await found(words), words).toEqual([]);
      // What fails at the provider is said with a code, and nothing is kept.
      model.behave(json(400, { error: { message: 'secret-host-17 dislikes the picture' } }));
      const failed = await ada.user.send<unknown, object>(describeImage, { id, question: 'Why?' });
      expect(failed.errors?.[0]?.message).not.toContain('secret-host');
      expect(codeOf(failed)).not.toBe('INTERNAL_SERVER_ERROR');
    });

    it('an image model makes pictures, which are then like any other', async () => {
      model.behave(json(200, { created: 1, data: [{ b64_json: page.toString('base64') }] }));
      const generate = `mutation ($prompt: String!) { generateImages(input: { prompt: $prompt }) {
      images { id status source prompt } } }`;
      const { generateImages } = await ada.user.run<
        { generateImages: { images: { id: string }[] } },
        { prompt: string }
      >(generate, { prompt: 'A sextant on a chart' });
      expect(generateImages.images).toMatchObject([{ source: 'GENERATION', prompt: 'A sextant on a chart' }]);
      expect((await ada.follow(generateImages.images[0]!.id)).at(-1)).toMatchObject({ status: 'READY' });
      expect(codeOf(await ada.user.send(generate, { prompt: ' ' }))).toBe('BAD_USER_INPUT');
    });
  });
});

describe('vision without a provider', () => {
  it('says NOT_CONFIGURED where a model is needed, and does the rest', async () => {
    await using graph = await startEmbedded();
    const ada = new Photographer(await TestUser.signUp(graph.url));
    const { id, status } = await ada.upload(page);
    expect(status).toBe('READY');
    const described = await ada.user.send(
      'mutation ($id: ID!) { describeImage(input: { id: $id }) { image { id } } }',
      {
        id,
      },
    );
    expect(codeOf(described)).toBe('NOT_CONFIGURED');
    const made = await ada.user.send('mutation { generateImages(input: { prompt: "a sextant" }) { images { id } } }');
    expect(codeOf(made)).toBe('NOT_CONFIGURED');
  }, 60_000);
});

describe.skipIf(process.platform === 'win32')('texts and the program tesseract of the machine', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sextant-tesseract-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A program that says that it is Tesseract 5, and then fails. */
  async function broken(): Promise<string> {
    const file = path.join(folder, 'tesseract');
    const script =
      '#!/bin/sh\ncase "$1" in --version) echo "tesseract 5.3.0"; exit;; --list-langs) exit;; esac\nexit 7\n';
    await writeFile(file, script);
    await chmod(file, 0o755);
    return file;
  }

  it('a page that it fails is read all the same, and /health says so', async () => {
    const file = await broken();
    await using graph = await startEmbedded({ OCR_PROGRAM: file });
    const ada = new Photographer(await TestUser.signUp(graph.url));
    const vision = async () => {
      const health = (await (await fetch(`${graph.url}/health`)).json()) as { checks: Record<string, object> };
      return health.checks['vision'];
    };
    expect(await vision()).toEqual({ status: 'up' });
    const { image, upload } = await ada.begin(page, 'image/png', true);
    await ada.send(upload, page);
    expect((await ada.follow(image.id)).at(-1)!.ocr).toMatchObject({
      status: 'DONE',
      text: expect.stringContaining('Invoice 2047'),
    });
    await expect.poll(vision).toEqual({ status: 'up', detail: expect.stringContaining(`${file} failed: exit code 7`) });
  }, 60_000);

  it('sextant doctor says which reads, and what is wrong with it', async () => {
    const file = await broken();
    const said = async (OCR_PROGRAM: string) =>
      runToEnd(['doctor'], { SEXTANT_DIR: path.join(folder, 'data'), OCR_PROGRAM, PORT: '0' }).catch(String);
    expect(await said(file)).toContain(`✓ Texts in pictures are read by ${file} 5.3.0`);
    expect(await said(path.join(folder, 'gone'))).toMatch(
      /✗ Texts .* by WebAssembly\n +OCR_PROGRAM: .*gone is not there/,
    );
    expect(await said('off')).toContain('✓ Texts in pictures are read in the process');
  }, 60_000);
});
