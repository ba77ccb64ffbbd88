// `npm run audit -- <http|ws|subscriptions|federation|supergraphs|mcp|rest|documents>`: public suites, and ours, on the
// product.
const AUDITS = ['http', 'ws', 'subscriptions', 'federation', 'supergraphs', 'mcp', 'rest', 'documents'];
const [name = ''] = process.argv.slice(2);
if (AUDITS.includes(name)) {
  await import(`./${name}.ts`);
} else {
  console.error(`Name one of the audits: ${AUDITS.join(', ')}.`);
  process.exitCode = 2;
}
