import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { inAscii } from './ascii.ts';

const run = (code: string): unknown => new Script(code).runInThisContext();

describe('code in ASCII', () => {
  it.each([
    String.raw`/^我们?(?:的|住)/.exec('我的')[0]`,
    String.raw`'a。b'.split(/[.。！]/).length`,
    String.raw`'a。b'.split(/\。/).length`,
    String.raw`'a\\。b'.split(/\\。/).length`,
    String.raw`'😀!'.replace(/^[😀🎉]/u, '').length`,
    String.raw`'😀!'.replace(/^(?:😀|🎉)/, '').length`,
    String.raw`/(?<имя>é+)/iu.exec('É').groups.имя`,
    String.raw`'é' + /x/.test('x')`,
  ])('%s is what it was', async (code) => {
    // The bundler writes strings in ASCII by itself.
    const bundled = code.replace(/'[^']*'|\.имя/g, (part) =>
      part.replace(/[^\0-\x7f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
    );
    const escaped = await inAscii(bundled);
    expect(escaped).toMatch(/^[\0-\x7f]+$/);
    expect(run(escaped)).toEqual(run(code));
  });

  it('is refused where a tag would see another text', async () => {
    await expect(inAscii('String.raw`über` + /ü/.source')).rejects.toThrow('A template with a tag');
  });
});
