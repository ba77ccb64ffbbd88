/**
 * Clients of a storm, in a process of their own: those who measure how long others wait meanwhile must not wait for
 * them. Its arguments: the URL of the graph, and how many clients. It ends when all of them have come back.
 */
import { comeBack } from './storm.ts';

const [url, clients] = process.argv.slice(2);
await comeBack(url!, Number(clients));
process.exit(0);
