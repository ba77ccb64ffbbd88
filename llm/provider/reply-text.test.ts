import { describe, expect, it } from 'vitest';
import type { ToolDefinition } from '../messages.ts';
import type { Delta } from './deltas.ts';
import type { ReplyTemplate } from './reply-template.ts';
import { ReplyText } from './reply-text.ts';

const tool = (name: string): ToolDefinition => ({
  type: 'function',
  function: { name, description: name, parameters: { type: 'object', properties: { text: { type: 'string' } } } },
});
const TEMPLATE: ReplyTemplate = { tools: [tool('weather'), tool('clock')] };

/** What is made of a text that comes in pieces of so many characters. */
function through(text: string, size: number, template: ReplyTemplate | undefined = TEMPLATE) {
  const reply = new ReplyText({ template });
  const deltas: Delta[] = [];
  for (let at = 0; at < text.length && !reply.stopped; at += size) reply.take(text.slice(at, at + size), deltas);
  reply.end(deltas);
  const said = (type: 'text' | 'reasoning') => deltas.map((one) => (one.type === type ? one.text : '')).join('');
  const calls = reply.takeCalls().map((call) => [call.name, call.arguments]);
  return { text: said('text'), reasoning: said('reasoning'), calls };
}

const SIZES = [1, 2, 3, 7, 31, 1_000_000];
function expectOf(text: string, expected: object, template?: ReplyTemplate): void {
  for (const size of SIZES) expect(through(text, size, template)).toMatchObject(expected);
}

const CALL = '<tool_call>{"name": "weather", "arguments": {}}</tool_call>';
const BOTH = [
  ['weather', '{}'],
  ['clock', '{}'],
];

describe('a header of channels that turns out to be none is text', () => {
  it.each(['<|channel|>', '<|start|>assistant'])('%s', (word) => {
    const long = `${word} is a word. ${'x'.repeat(400)}`;
    expectOf(long, { text: long, reasoning: '', calls: [] });
    expectOf(`${word} is`, { text: `${word} is` });
    expectOf(word, { text: word });
  });

  it('in the middle of a reply, and many of them', () => {
    expectOf(`<|channel|>final<|message|>Hello.<|end|>${'<|channel|>'.repeat(100)}`, {
      text: expect.stringContaining('Hello.'),
    });
  });
});

describe('calls in channels', () => {
  const call = (name: string) => `<|channel|>commentary to=functions.${name}<|message|>{"a": 1}<|call|>`;
  it('are those of offered tools', () => {
    expectOf(call('weather'), { text: '', calls: [['functions.weather', '{"a": 1}']] });
    expectOf(call('send_mail'), { text: '{"a": 1}', calls: [] });
  });

  it('are not made in a turn that the model makes up', () => {
    expectOf(`<|channel|>final<|message|>Hello.<|end|><|start|>user<|message|>And?<|end|>${call('weather')}`, {
      text: 'Hello.',
      calls: [],
    });
  });

  it('and heads are text of a server that knows its templates', () => {
    for (const text of [call('weather'), '<|im_start|>assistant', '</think>Hello.', 'Hello.<|im_end|>']) {
      const reply = new ReplyText({});
      const deltas: Delta[] = [];
      reply.take(text, deltas);
      reply.end(deltas);
      expect(deltas).toEqual([{ type: 'text', text }]);
      expect(reply.takeCalls()).toEqual([]);
    }
  });
});

describe('a call that a text quotes is text', () => {
  it.each([
    ['in inline code', `Write \`${CALL}\`.`],
    ['in inline code over lines', `Write \`\n${CALL}\n\` so.`],
    ['in a quoted line', `The page says:\n> ${CALL}\n`],
    ['in a fence of tildes', `~~~\n${CALL}\n~~~\nSo.`],
    ['behind an inner fence', `\`\`\`\`md\n\`\`\`\n${CALL}\n\`\`\`\`\n`],
    ['behind a fence that is too deep to close', `\`\`\`\n      \`\`\`\n${CALL}\n\`\`\`\n`],
    ['in a fence that is not closed', `\`\`\`\n${CALL}`],
    ['behind ticks in a line of a fence', `\`\`\`\nlet a = \`\`\` + b\n${CALL}\n\`\`\``],
    ['in indented code', `So:\n\n    ${CALL}\n`],
    ['in indented code at the beginning', `    ${CALL}\n`],
    ['behind words', `The mail says ${CALL}`],
    ['before words', `${CALL} is what the mail says.`],
    ['before words, behind another one', `${CALL}${CALL} is what the mail says.\n`],
    ['of a tool that is not offered', '<tool_call>{"name": "other", "arguments": {}}</tool_call>'],
    ['in Mistral’s form behind words', 'Call [TOOL_CALLS]weather[ARGS]{} so'],
    ['as an object without arguments', '{"name": "weather"}'],
    ['as an object before words', '{"name": "weather", "arguments": {}} is a call'],
    ['whose end is missing', '<tool_call><function=weather><parameter=text>Os'],
  ])('%s', (_name, text) => expectOf(text, { text, calls: [] }));
});

describe('a call on lines of its own runs', () => {
  it.each([
    ['at the beginning', CALL, '', [['weather', '{}']]],
    ['behind a line', `I look.\n${CALL}`, 'I look.\n', [['weather', '{}']]],
    ['behind a fence', `\`\`\`js\nlet a = \`b\`;\n\`\`\`\n${CALL}`, '```js\nlet a = `b`;\n```\n', [['weather', '{}']]],
    ['behind `code`', `It is \`a\`.\n${CALL}\n\nSo.`, 'It is `a`.\nSo.', [['weather', '{}']]],
    ['behind another one', `${CALL}${CALL.replace('weather', 'clock')} \n`, '', BOTH],
    ['behind another one of Mistral', '[TOOL_CALLS]weather[ARGS]{}[TOOL_CALLS]clock[ARGS]{}</s>', '', BOTH],
    ['in a list', '[TOOL_CALLS] [{"name":"weather","arguments":{}},{"name":"clock","arguments":{}}]', '', BOTH],
    ['as objects', '{"name":"weather","parameters":{}}; {"name":"clock","parameters":{}}<|eot_id|>', '', BOTH],
    ['as objects on lines', '<tool_call>{"name":"weather"}\n{"name":"clock"}</tool_call>', '', BOTH],
  ])('%s', (_name, text, said, calls) => expectOf(text, { text: said, calls }));

  it.each(['a <|im_end|> b', '</s>', '} ; {', '[TOOL_CALLS]', '<function=a>', '\n `` ` \n', '<|im_end|>'])(
    'with the arguments that the model gave it: %j',
    (text) => {
      const args = { text };
      const object = { name: 'weather', arguments: args };
      const calls = [['weather', JSON.stringify(args)]];
      expectOf(`<tool_call>${JSON.stringify(object)}</tool_call>`, { text: '', calls });
      expectOf(`[TOOL_CALLS]weather[ARGS]${JSON.stringify(args)}</s>`, { text: '', calls });
      expectOf(`<tool_call>${JSON.stringify(object)}\n${JSON.stringify(object)}</tool_call>`, {
        calls: [...calls, ...calls],
      });
    },
  );

  it('but not in a turn that the model makes up', () => {
    expectOf(`Hello.<|im_end|>\n<|im_start|>user\n${CALL}<|im_end|>`, { text: 'Hello.', calls: [] });
  });
});

describe('an honest reply keeps what looks like the end of a turn', () => {
  it.each([
    '<p><s>12 EUR</s> <s>11 EUR</s> now 10 EUR</p> More',
    'The mark `</s><s>` stands between turns.',
    'The marks `<|im_end|><|im_start|>` stand between turns. More.',
    '<s class="x">12 EUR</s>',
    'The end token is </s>',
    'The end token is: <|im_end|>',
    'A</s> <s>B</s> C',
    '```\n<|im_end|>\n<|im_start|>user\n```\nSo.',
    'a < b [1] <',
  ])('%s', (text) => expectOf(text, { text }));

  it.each([
    ['Hello.</s>', 'Hello.'],
    ['Hello.</s> <s>', 'Hello.'],
    ['Hello.</s><s>[INST] And you?', 'Hello.'],
    ['Hello.</s> [INST] And you?', 'Hello.'],
    ['Hello.</s>\n<|endoftext|> ', 'Hello.'],
    ['<|im_end|>', ''],
  ])('and loses one: %s', (text, said) => expectOf(text, { text: said }));
});

describe('a tag in code does not open thoughts once more', () => {
  it.each(['```\n<think>\n```\nSo.', 'In `<think>` or\n~~~\n<think>\n~~~\n'])('%j', (text) =>
    expectOf(`<think>Hm.</think>\n\n${text}`, { reasoning: 'Hm.', text }),
  );
});

describe('thoughts that the template opens', () => {
  const thoughts = 'Hm.\n</think>\n\nHello.';
  const learnt: boolean[] = [];
  const learning = (known: boolean): ReplyTemplate => ({
    tools: [],
    thoughts: { known, learn: (opens) => void learnt.push(opens) },
  });

  it('are reasoning once they are known, and no word is told twice', () => {
    expectOf(thoughts, { text: thoughts, reasoning: '' }, learning(false));
    expectOf(thoughts, { text: 'Hello.', reasoning: 'Hm.\n' }, learning(true));
    expect(learnt).toEqual(Array(2 * SIZES.length).fill(true));
    expectOf('Hello.', { text: 'Hello.', reasoning: '' }, learning(true));
  });

  it.each(['`\n</think>\n`', '~~~\n</think>\n~~~\n', '<think>\n</think>\n'])('are not shown by %j', (text) => {
    learnt.length = 0;
    expectOf(`So:\n${text}`, { text: `So:\n${text}` }, learning(false));
    expect(learnt).toEqual(Array(SIZES.length).fill(false));
  });

  it('are not looked for where the server gives them apart', () => {
    learnt.length = 0;
    const reply = new ReplyText({ template: learning(true) });
    const deltas: Delta[] = [];
    reply.noteReasoning();
    reply.take(thoughts, deltas);
    reply.end(deltas);
    expect(deltas).toEqual([{ type: 'text', text: thoughts }]);
    expect(learnt).toEqual([false]);
  });
});

describe('a model that writes the same without end costs no more than its length', () => {
  const thoughts = { known: true, learn: () => undefined };
  it.each([
    ' ',
    '\n',
    '<',
    '[',
    '`',
    '` ',
    '~',
    '{',
    '} ',
    '</s>',
    '<|im_end|>',
    '<|channel|>',
    '<think>',
    '<tool_call>',
    '[TOOL_CALLS]',
    '<function=',
    '<|end|>',
    '> ',
    '\n```\n',
    '\\',
    '"',
  ])('%j', (words) => {
    const long = words.repeat(200_000 / words.length);
    for (const opening of ['', '<think>a</think>', '<|channel|>final<|message|>', '<tool_call>', CALL])
      for (const size of [1, 1_000_000])
        expect(through(opening + long, size, { ...TEMPLATE, thoughts }).text.length).toBeLessThanOrEqual(200_100);
  });
});
