// A server of the Model Context Protocol over standard input and output, made with the official package; its tool
// `flood` lies. Its argument is the text that `where` gives.
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const server = new McpServer({ name: 'process', version: '1' });
const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });

server.registerTool(
  'where',
  { description: 'Where it runs', inputSchema: z.object({}), annotations: { readOnlyHint: true } },
  () => text(JSON.stringify({ told: process.argv[2], env: Object.keys(process.env), pid: process.pid })),
);
server.registerTool('write', { description: 'Writes', inputSchema: z.object({ what: z.string() }) }, ({ what }) =>
  text(`written: ${what}`),
);
server.registerTool(
  'flood',
  { description: 'Writes without end', inputSchema: z.object({}), annotations: { readOnlyHint: true } },
  async () => {
    const piece = 'x'.repeat(64 * 1024);
    const write = (): void => {
      while (process.stdout.write(piece));
      process.stdout.once('drain', write);
    };
    write();
    return new Promise(() => undefined);
  },
);
server.registerTool(
  'hang',
  { description: 'Never answers', inputSchema: z.object({}), annotations: { readOnlyHint: true } },
  () => new Promise(() => undefined),
);
await server.connect(new StdioServerTransport());
