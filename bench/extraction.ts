import { readFile, writeFile } from 'node:fs/promises';
import { textOf } from '#subgraphs/memory/extraction/fact.ts';
import { extractByRules } from '#subgraphs/memory/extraction/rules.ts';
import { EXCHANGES } from '#subgraphs/memory/extraction/testing/exchanges.ts';

/**
 * What is learned from a set of exchanges in eight languages: by rules, and of the claims of a model double, half of
 * which are wrong. `npm run bench -- extraction [--write]` prints the table, and writes it to docs/memory.md.
 */

interface Row {
  exchanges: number;
  statements: number;
  learned: number;
  wrong: number;
  true: number;
  kept: number;
  false: number;
  passed: number;
}

const rows = new Map<string, Row>();
for (const { language, message, says, claims } of EXCHANGES) {
  const row = rows.get(language) ?? {
    exchanges: 0,
    statements: 0,
    learned: 0,
    wrong: 0,
    true: 0,
    kept: 0,
    false: 0,
    passed: 0,
  };
  rows.set(language, row);
  row.exchanges++;
  row.statements += says.length;
  for (const { text } of extractByRules(message))
    row[says.some((said) => text.startsWith(said)) ? 'learned' : 'wrong']++;
  for (const [text, quote, isTrue] of claims) {
    const kind = /wants/.test(text) ? 'INSTRUCTION' : 'FACT';
    const kept = textOf({ text, quote, kind, importance: 0.5, replaces: undefined }, message);
    row[isTrue ? 'true' : 'false']++;
    if (isTrue && kept !== undefined) row.kept++;
    if (!isTrue && kept === text) row.passed++;
  }
}
const all = [...rows.values()].reduce(
  (sum, row) =>
    Object.fromEntries(
      Object.entries(sum).map(([key, value]) => [key, value + row[key as keyof Row]]),
    ) as unknown as Row,
);
const line = (name: string, row: Row) =>
  `| ${[name, row.exchanges, `${row.learned} of ${row.statements}`, row.wrong, `${row.kept} of ${row.true}`, `${row.passed} of ${row.false}`].join(' | ')} |`;
const table = [
  '| language | exchanges | rules: learned | rules: wrong | model: true claims kept | model: wrong claims kept |',
  '|---|---|---|---|---|---|',
  ...[...rows].map(([name, row]) => line(name, row)),
  line('**all**', all),
].join('\n');
console.log(table);
if (process.argv.includes('--write')) {
  const page = new URL('../docs/memory.md', import.meta.url);
  const text = await readFile(page, 'utf8');
  const [begin, end] = ['<!-- extraction -->', '<!-- end of extraction -->'];
  await writeFile(
    page,
    `${text.slice(0, text.indexOf(begin) + begin.length)}\n\n${table}\n\n${text.slice(text.indexOf(end))}`,
  );
}
