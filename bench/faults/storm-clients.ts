/**
 * Clients of a storm, in a process of their own: those who measure how long others wait meanwhile must not wait for
 * them. Its arguments: the URLs of the gateways, with commas between them, and how many clients. It tells when all are
 * connected, drops them when it hears a message, tells in how many seconds all have come back, and ends.
 */
import { once } from 'node:events';
import { comeBack } from './storm.ts';

const [urls, clients] = process.argv.slice(2);
const seconds = await comeBack(urls!.split(','), Number(clients), async () => {
  process.send!('connected');
  await once(process, 'message');
});
process.send!({ seconds }, () => process.exit(0));
