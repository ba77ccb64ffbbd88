import type { Random } from './random.ts';

const nested = (open: string, close: string, levels: number): string => open.repeat(levels) + close.repeat(levels);

/** JSON that has ended or confused servers. Texts, because some of it is not JSON. */
const JSON_TEXTS: readonly string[] = [
  'null',
  'true',
  '-0',
  '1e400',
  '9007199254740993',
  '1e-400',
  '""',
  '[]',
  '{}',
  '[null]',
  '[[[]]]',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '{"__proto__":{"a":1}}',
  '{"constructor":{"prototype":{"a":1}}}',
  '{"toString":1,"then":2,"length":-1}',
  '{"\\u0000":1}',
  '{"\\ud800":1}',
  '"\u202e\u0300\ufeff"',
  '"\'; DROP TABLE users; --"',
  '"%00%zz../../etc/passwd"',
  '"{{7*7}}"',
  '{"":""}',
  '[1,"a",null,{},[]]',
];

/** Some JSON text, small or nested deep, or large. */
export function hostileJson(random: Random, maxLevels = 20_000): string {
  const kind = random.int(12);
  const levels = Math.min(maxLevels, random.pick([10, 31, 32, 33, 64, 100, 1_000, 5_000, 20_000]));
  if (kind === 0) return nested('[', ']', levels);
  if (kind === 1) return `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  if (kind === 2) return `${'[{"and":'.repeat(levels)}[]${'}]'.repeat(levels)}`;
  if (kind === 3) return JSON.stringify('x'.repeat(random.pick([300, 10_000, 100_000])));
  if (kind === 4) return `[${Array.from({ length: random.pick([100, 5_000]) }, () => '0').join(',')}]`;
  if (kind === 5) {
    const entries = Array.from({ length: random.int(4) }, (_, i) => `"${'abc'[i]}":${hostileJson(random, maxLevels)}`);
    return `{${entries.join(',')}}`;
  }
  return random.pick(JSON_TEXTS);
}

/** The same as a value, no deeper than the fuzzer itself can write; what is not JSON is a text. */
export function hostileValue(random: Random): unknown {
  const text = hostileJson(random, 300);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Pieces that mean something to parsers of HTTP, JSON, GraphQL, WebSocket or paths. */
const PIECES: readonly Buffer[] = [
  ...['\0', '\r\n', '\r\n\r\n', '\n', '\t', '"', '\\', '\\u0000', '\\ud800', '%00', '%zz', '%', '../', '//', ';', ':'],
  ...['{', '}', '[', ']', '(', ')', '...', '$', '@', '!', '#', '"""', 'null', '__typename', '__proto__', '1e999', '-1'],
  ...['\u{1f600}', '\u202e', '\ufeff', '[[[[[[[[', '{{{{{{{{', 'x'.repeat(1_000)],
].map((text) => Buffer.from(text));
const LONE_SURROGATE = Buffer.from([0xed, 0xa0, 0x80]);
const OVERLONG = Buffer.from([0xc0, 0x80]);

/** Bytes with some of them changed, left out, doubled or put in. */
export function mutate(random: Random, input: Buffer): Buffer {
  let bytes = Buffer.from(input);
  for (let times = 1 + random.int(3); times > 0; times--) {
    const at = random.int(bytes.length + 1);
    const length = random.int(Math.min(40, bytes.length - at + 1));
    const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
    switch (random.int(6)) {
      case 0:
        bytes = Buffer.concat([before, random.bytes(1 + random.int(4)), after]);
        break;
      case 1:
        bytes = Buffer.concat([before, after]);
        break;
      case 2:
        bytes = Buffer.concat([before, part, part, after]);
        break;
      case 3:
        bytes = Buffer.concat([before, random.pick([LONE_SURROGATE, OVERLONG]), part, after]);
        break;
      default:
        bytes = Buffer.concat([before, random.pick(PIECES), part, after]);
    }
  }
  return bytes;
}
