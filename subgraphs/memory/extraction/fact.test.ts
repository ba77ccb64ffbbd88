import { describe, expect, it } from 'vitest';
import { type ClaimedFact, textOf } from './fact.ts';
import { EXCHANGES } from './testing/exchanges.ts';
import { HONEST } from './testing/honest.ts';
import { REPORTED } from './testing/reported.ts';
import { TURNED } from './testing/turned.ts';
import { REAL, UNREAL } from './testing/unreal.ts';

const claim = (text: string, quote: string, kind: ClaimedFact['kind'] = 'FACT'): ClaimedFact => ({
  text,
  quote,
  kind,
  importance: 0.5,
  replaces: undefined,
});

describe('a fact that a model claims', () => {
  const source = 'By the way, I moved to Berlin in 2021 and I really enjoy baking sourdough with my sister Anna.';

  it('counts when the message says it', () => {
    expect(textOf(claim('The user moved to Berlin in 2021.', 'I moved to Berlin in 2021'), source)).toBeDefined();
    expect(
      textOf(claim('The user enjoys baking sourdough.', 'I  really enjoy BAKING sourdough'), source),
    ).toBeDefined();
  });

  it.each([
    ['a quotation that is not in the message', 'The user moved to Berlin.', 'I have moved to Berlin'],
    ['another number', 'The user moved to Berlin in 2020.', 'I moved to Berlin in 2021'],
    ['another name', 'The user bakes sourdough with her sister Olivia.', 'baking sourdough with my sister'],
    ['an invented profile', 'The user works as a senior software engineer.', 'I moved to Berlin in 2021'],
    ['no quotation', 'The user moved to Berlin.', ''],
    ['a whole essay', `The user moved to Berlin. ${'Berlin '.repeat(100)}`, 'I moved to Berlin in 2021'],
  ])('does not count with %s', (_, text, quote) => {
    expect(textOf(claim(text, quote), source)).toBeUndefined();
  });

  it.each([
    ['The user lives in Vienna.', 'Ich wohne in Wien', 'Ich wohne in Wien.'],
    ['The user moved to New York City.', 'moved to NYC', 'I moved to NYC.'],
    ['The user has 3 dogs.', 'three dogs', 'I have three dogs.'],
    ['The user dislikes cilantro.', "I can't stand cilantro", "Honestly, I can't stand cilantro!"],
    ['The user has two daughters.', 'my two daughters', 'What can I do with my two daughters at the weekend?'],
    ['The user is pregnant.', "I'm pregnant", "I'm pregnant, which cheese can I eat?"],
    ["The user's dog is called Rex.", 'My dog is called Rex', 'My dog is called Rex.'],
    ['The user lives in Kraków.', 'Mieszkam w Krakowie', 'Mieszkam w Krakowie.'],
  ])('%j counts', (text, quote, message) => {
    expect(textOf(claim(text, quote), message)).toBe(text);
  });

  it.each([
    ['The user lives in Paris.', 'live in Paris', "I don't live in Paris."],
    ['The user is allergic to nuts.', 'is allergic to nuts', 'My wife is allergic to nuts.'],
    ['The user lives in Paris.', 'Bob lives in Paris', 'Bob lives in Paris.'],
    ['The user lives in Paris.', 'lives in Paris', 'I have a friend who lives in Paris.'],
    ['The user lives in Paris.', 'I live in Paris', '"I live in Paris" is what he wrote.'],
    ['The user is called Rex.', 'is called Rex', 'My dog is called Rex.'],
    ['The user is a vegetarian.', 'I am a vegetarian', 'I am a vegetarian skeptic.'],
    ['The user lives in Berlin.', 'I lived in Berlin', 'I lived in Berlin until 2019.'],
    ['The user lives in Kraków.', 'mieszkam w Krakowie', 'Nie mieszkam w Krakowie.'],
    ['The user has a dog.', 'Ich habe eine Katze', 'Ich habe eine Katze.'],
    ['The user lives in Rome.', 'I live in Rome', 'Imagine a life. I live in Rome. I am rich.'],
  ])('%j does not count with %j in %j', (text, quote, message) => {
    expect(textOf(claim(text, quote), message)).toBeUndefined();
  });

  it('an instruction for one answer is none for all', () => {
    const text = 'The user wants snake_case.';
    const [once, always] = ['Please always use snake_case in this function.', 'Please always use snake_case.'];
    expect(textOf(claim(text, 'always use snake_case', 'INSTRUCTION'), once)).toBeUndefined();
    expect(textOf(claim(text, 'always use snake_case', 'INSTRUCTION'), always)).toBeDefined();
  });

  it('of names that cannot be compared the user’s own words are kept', () => {
    const message = 'Ich wohne in Oberammergau.';
    expect(textOf(claim('The user lives in Upper Ammergau.', 'Ich wohne in Oberammergau'), message)).toBe(message);
  });
});

it('of the claims about a set of exchanges in eight languages no wrong one counts, and 95 percent of the others do', () => {
  const wrong: string[] = [];
  let [right, all] = [0, 0];
  for (const { message, claims } of [...EXCHANGES, ...TURNED]) {
    for (const [text, quote, isTrue] of claims) {
      const kept = textOf(claim(text, quote, /wants/.test(text) ? 'INSTRUCTION' : 'FACT'), message);
      if (isTrue) all++;
      if (isTrue && kept !== undefined) right++;
      if (!isTrue && kept === text) wrong.push(`${text} of ${message}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(right / all).toBeGreaterThanOrEqual(0.95);
});

it.each([
  ['我是素食者。', '用户是素食者。', '我是素食者'],
  ['我对花生过敏。', '用户对花生过敏。', '我对花生过敏'],
  ['私はベジタリアンです。', 'ユーザーはベジタリアンです。', '私はベジタリアンです'],
])('%j makes %j, of which known words leave single characters', (message, text, quote) => {
  expect(textOf(claim(text, quote), message)).toBe(text);
});

it.each(REPORTED)(
  '%j does not make %j of another person, a wish or the past, nor loses it',
  (message, text, quote, isTrue) => {
    expect(textOf(claim(text, quote), message) === text).toBe(isTrue);
  },
);

it.each(UNREAL)('%j does not make %j', (message, text, quote, kind) => {
  expect(textOf(claim(text, quote, kind), message)).toBeUndefined();
});

it.each(HONEST)('%j makes %j, whatever else is in the sentence', (message, text, quote, kind) => {
  expect(textOf(claim(text, quote, kind), message)).toBeDefined();
});

it.each(REAL)('%j makes %j', (message, text, quote, kind) => {
  expect(textOf(claim(text, quote, kind), message)).toBeDefined();
});
