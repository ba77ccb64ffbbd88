// A process that takes in documents until a test kills it: `node ingesting-process.ts <directory> <user> <count>`.
// Prints a line for every document that was acknowledged and for every change in how many are ready.
import { MemoryWorld, user } from './memory-world.ts';

const [directory, userId, count] = process.argv.slice(2) as [string, string, string];
const say = (line: string) => process.stdout.write(`${line}\n`);

const world = await MemoryWorld.open({}, directory);
const me = user(userId);
for (let i = await world.db.document.count(); i < Number(count); i++) {
  const text = ['A', 'B', 'C'].map((part) => `# Part ${part}\n\nThe harbour of town number ${i}.`).join('\n\n');
  const answer = await world.ask(
    me,
    'mutation ($input: AddDocumentInput!) { addDocument(input: $input) { document { id } } }',
    { input: { title: `Document ${i}`, text, format: 'MARKDOWN' } },
  );
  if (answer.code) throw new Error(answer.message);
  say(`acknowledged ${answer.data.addDocument.document.id}`);
}
for (let ready = -1; ready < Number(count); ) {
  ready = await world.db.document.count({ where: { status: 'READY' } });
  say(`ready ${ready}`);
  await new Promise((resolve) => setTimeout(resolve, 100));
}
await world[Symbol.asyncDispose]();
