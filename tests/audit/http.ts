// The GraphQL-over-HTTP audits of the graphql-http package, all of them, against our gateway on loopback.
import { type AuditResult, serverAudits } from 'graphql-http';
import { startTestGateway } from '#gateway/testing/test-gateway.ts';

/** MUST is an error, SHOULD a warning, MAY a notice: a notice is a choice of ours, and no failure. */
const explain = async (result: AuditResult): Promise<string> => {
  if (result.status === 'ok') return '';
  const { status, headers } = result.response;
  return `: ${result.reason} (status ${status}, ${headers.get('content-type')})`;
};

const gateway = await startTestGateway();
let passed = 0;
let failed = 0;
for (const audit of serverAudits({ url: `${gateway.url}/graphql` })) {
  const result = await audit.fn();
  const good = result.status === 'ok' || result.status === 'notice';
  if (good) passed++;
  else failed++;
  if (result.status !== 'ok') console.log(`${result.status} ${audit.id} ${audit.name}${await explain(result)}`);
}
await gateway[Symbol.asyncDispose]();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
