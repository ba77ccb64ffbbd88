import { existsSync, readFileSync } from 'node:fs';

/** A card has its facts first, as YAML. */
const FACTS = /^---\r?\n([\s\S]*?)\r?\n---/;
/** `language: en`, `language: [en, de]`, or a list below. */
const LANGUAGE = /^language:[ \t]*(.*(?:\r?\n[ \t]*-.*)*)/m;

/**
 * Returns the languages (ISO 639-1) that a model's card names; undefined where there is none, or where it says that
 * they are many.
 */
export function cardLanguages(file: string): readonly string[] | undefined {
  if (!existsSync(file)) return undefined;
  const facts = FACTS.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  const named = LANGUAGE.exec(facts)?.[1]
    ?.toLowerCase()
    .match(/[a-z]+/g);
  return named?.every((one) => one.length === 2) ? named : undefined;
}
